package dev.cofferdam.audit.witness;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.CosignerKey;
import dev.cofferdam.audit.proof.NoteVerifier;
import dev.cofferdam.audit.proof.ProofCheck;
import dev.cofferdam.audit.proof.TreeHash;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.Arrays;
import java.util.Optional;

/** A small witness of one log, by C2SP tlog-witness, over HTTP on the loopback. */
public final class TestWitness implements Witness, AutoCloseable {
  private final NoteVerifier log;
  private final KeyPair keys;
  private final CosignerKey key;
  private final HttpServer server;
  private long size;
  private TreeHash root = TreeHash.EMPTY;
  private long now = 1_772_000_000;

  public TestWitness(String name, NoteVerifier log) {
    this.log = log;
    try {
      this.keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
      byte[] encoded = keys.getPublic().getEncoded();
      this.key =
          CosignerKey.of(name, Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length));
      this.server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
    server.createContext(
        "/add-checkpoint",
        exchange -> {
          try (exchange) {
            String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
            Answer answer = answer(body);
            byte[] bytes = answer.body().getBytes(UTF_8);
            exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
          }
        });
    server.start();
  }

  /** Its verifier key. */
  public CosignerKey key() {
    return key;
  }

  /** Its submission prefix. */
  public URI url() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
  }

  /** Size of the tree that it cosigned last. */
  public synchronized long size() {
    return size;
  }

  @Override
  public Answer add(AddCheckpoint request) {
    return answer(request.body());
  }

  private synchronized Answer answer(String body) {
    AddCheckpoint request;
    try {
      request = AddCheckpoint.parse(body);
    } catch (IllegalArgumentException e) {
      return new Answer(400, "");
    }
    Optional<Checkpoint> opened = log.open(request.note()).map(Checkpoint::parse);
    if (opened.isEmpty()) {
      return new Answer(403, "");
    }
    Checkpoint tree = opened.get();
    if (request.oldSize() > tree.size()) {
      return new Answer(400, "");
    }
    if (request.oldSize() != size) {
      return new Answer(409, size + "\n");
    }
    if (size > 0
        && !ProofCheck.consistency(size, root, tree.size(), tree.root(), request.proof())) {
      return new Answer(422, "");
    }
    size = tree.size();
    root = tree.root();
    return new Answer(200, key.line(++now, sign(CosignerKey.message(now, tree.text()))));
  }

  private byte[] sign(byte[] message) {
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(keys.getPrivate());
      signature.update(message);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
