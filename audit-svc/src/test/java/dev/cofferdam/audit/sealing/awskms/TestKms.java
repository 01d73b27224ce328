package dev.cofferdam.audit.sealing.awskms;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cofferdam.audit.sealing.AesGcm;
import dev.cofferdam.audit.sealing.UnsealableException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * What AWS KMS does with one symmetric key, in its JSON protocol (TrentService.Encrypt and
 * .Decrypt): ciphertexts name their key and are bound to their encryption context; who does not
 * sign with the known access key is refused.
 */
final class TestKms implements AutoCloseable {
  static final String ACCESS_KEY = "AKIDTEST";

  private final String arn;
  private final SecretKey key;
  private final HttpServer server;
  final List<String> calls = new CopyOnWriteArrayList<>();
  final List<String> contexts = new CopyOnWriteArrayList<>();

  TestKms(String arn) throws IOException {
    this.arn = arn;
    byte[] bytes = new byte[32];
    AesGcm.random().nextBytes(bytes);
    this.key = new SecretKeySpec(bytes, "AES");
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::serve);
    server.start();
  }

  URI url() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
      String signed = exchange.getRequestHeaders().getFirst("Authorization");
      String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
      calls.add(target);
      Struct answer =
          signed != null && signed.contains("Credential=" + ACCESS_KEY + "/")
              ? answer(target, parse(body))
              : error("UnrecognizedClientException");
      byte[] bytes = JsonFormat.printer().print(answer).getBytes(UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.1");
      exchange.sendResponseHeaders(answer.containsFields("__type") ? 400 : 200, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  private Struct answer(String target, Struct request) {
    byte[] context = context(request);
    request
        .getFieldsOrDefault("EncryptionContext", Value.getDefaultInstance())
        .getStructValue()
        .getFieldsMap()
        .forEach((name, value) -> contexts.add(name + "=" + value.getStringValue()));
    if (target.endsWith(".Encrypt") && text(request, "KeyId").equals(arn)) {
      byte[] nonce = AesGcm.nonce();
      byte[] sealed =
          AesGcm.encrypt(
              key, nonce, context, Base64.getDecoder().decode(text(request, "Plaintext")));
      byte[] blob = ByteBuffer.allocate(12 + sealed.length).put(nonce).put(sealed).array();
      return fields("CiphertextBlob", Base64.getEncoder().encodeToString(blob));
    }
    if (target.endsWith(".Decrypt")) {
      byte[] blob = Base64.getDecoder().decode(text(request, "CiphertextBlob"));
      try {
        byte[] plain =
            AesGcm.decrypt(
                key, Arrays.copyOf(blob, 12), context, Arrays.copyOfRange(blob, 12, blob.length));
        return fields("Plaintext", Base64.getEncoder().encodeToString(plain));
      } catch (UnsealableException e) {
        return error("InvalidCiphertextException");
      }
    }
    return error("NotFoundException");
  }

  private Struct fields(String name, String value) {
    return Struct.newBuilder()
        .putFields("KeyId", Value.newBuilder().setStringValue(arn).build())
        .putFields(name, Value.newBuilder().setStringValue(value).build())
        .build();
  }

  private static Struct error(String type) {
    return Struct.newBuilder()
        .putFields("__type", Value.newBuilder().setStringValue(type).build())
        .putFields("message", Value.newBuilder().setStringValue("refused").build())
        .build();
  }

  private static byte[] context(Struct request) {
    return request
        .getFieldsOrDefault("EncryptionContext", Value.getDefaultInstance())
        .toString()
        .getBytes(UTF_8);
  }

  private static String text(Struct request, String field) {
    return request.getFieldsOrDefault(field, Value.getDefaultInstance()).getStringValue();
  }

  private static Struct parse(String body) throws InvalidProtocolBufferException {
    Struct.Builder struct = Struct.newBuilder();
    JsonFormat.parser().merge(body, struct);
    return struct.build();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
