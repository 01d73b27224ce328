package dev.cofferdam.audit.publication.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cofferdam.audit.proof.TilePath;
import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.vocabulary.SpiffeId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Reads what audit-svc publishes, with an own certificate. */
public final class LogClient implements AutoCloseable {
  private static final Duration WAIT_MAX = Duration.ofSeconds(30);

  private final String prefix;
  private final JdkTls tls;
  private final HttpClient client;

  /**
   * @param prefix of all paths
   * @param identity an operator's
   */
  public LogClient(URI prefix, TlsFiles identity) {
    String text = prefix.toString();
    this.prefix = text.endsWith("/") ? text : text + "/";
    this.tls = JdkTls.client(identity, SpiffeId.Role.AUDIT);
    this.client =
        HttpClient.newBuilder().sslContext(tls.context()).connectTimeout(WAIT_MAX).build();
  }

  /** The latest checkpoint. */
  public String checkpoint() {
    return new String(get("checkpoint"), UTF_8);
  }

  /** A tile or a bundle. */
  public byte[] tile(TilePath path) {
    return get(path.text());
  }

  /** Lines of checkpoints from a size on. */
  public String notes(long fromSize) {
    return new String(get("checkpoints?from=" + fromSize), UTF_8);
  }

  private byte[] get(String path) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(prefix + path)).timeout(WAIT_MAX).build();
    try {
      HttpResponse<byte[]> answer = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
      if (answer.statusCode() != 200) {
        throw new IOException(path + " is answered with " + answer.statusCode());
      }
      return answer.body();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot fetch the log: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new IOException(e));
    }
  }

  @Override
  public void close() {
    client.close();
    tls.close();
  }
}
