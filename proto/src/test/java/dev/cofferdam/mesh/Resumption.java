package dev.cofferdam.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.SpiffeId.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * Whether a server goes on with a session of before: whose authority is trusted no more is refused,
 * also where it was let in once.
 */
public final class Resumption {
  private static final int WAIT_MS = 10_000;

  private final Path folder;
  private final TlsFiles server;
  private final TlsFiles client;

  /** Makes a scheduler's identity and that of a router that is its client. */
  public Resumption(Path folder) throws IOException {
    this.folder = folder;
    TestPki pki = new TestPki(folder);
    TlsFiles files = pki.identity("scheduler", "spiffe://test/service/scheduler");
    Path trust = Files.copy(files.trust(), folder.resolve("trust.pem"));
    server = new TlsFiles(files.certificate(), files.key(), trust);
    client = pki.identity("router", "spiffe://test/service/router");
  }

  /** What the server under test shows and trusts. */
  public TlsFiles server() {
    return server;
  }

  /**
   * Connects to a server that speaks first (as one of HTTP/2 does), has it trust another authority,
   * and sees a second connection refused to who holds a session of the first.
   */
  public void isRefusedBy(int port) throws Exception {
    try (JdkTls before = JdkTls.client(client, Role.SCHEDULER)) {
      // It keeps what it is given for as long as a ticket may live.
      before.context().getClientSessionContext().setSessionTimeout(7 * 24 * 3_600);
      assertThat(letIn(before.context(), port)).isTrue();
      trustOthers();
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (newcomerIsLetIn(port)) {
        assertThat(System.nanoTime()).as("trusts the old authority").isLessThan(deadline);
        Thread.sleep(100);
      }
      assertThat(letIn(before.context(), port)).isFalse();
    }
  }

  private boolean newcomerIsLetIn(int port) {
    try (JdkTls anew = JdkTls.client(client, Role.SCHEDULER)) {
      return letIn(anew.context(), port);
    }
  }

  private void trustOthers() throws IOException {
    TestPki others = new TestPki(Files.createDirectory(folder.resolve("others")));
    Files.move(others.trust(), server.trust(), StandardCopyOption.REPLACE_EXISTING);
  }

  /** Whether the server says something after the handshake. */
  private static boolean letIn(SSLContext context, int port) {
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
      socket.setSoTimeout(WAIT_MS);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      return socket.getInputStream().read() >= 0;
    } catch (SocketTimeoutException e) {
      throw new UncheckedIOException(e);
    } catch (IOException e) {
      return false;
    }
  }
}
