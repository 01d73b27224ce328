package dev.cofferdam.scheduler.leadership.kubernetes;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SSLOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The API server's Leases of one namespace, as the pod's service account. The account's token is
 * read for each call, as the node replaces it; a bundle of authorities that has changed is taken
 * over with the next connection. Thread-safe.
 */
public final class LeaseApi implements AutoCloseable {
  /** The names of the files are those of every pod. */
  private static final String TOKEN = "token";

  private static final String AUTHORITIES = "ca.crt";
  private static final int CONNECTIONS_MAX = 4;

  /** At least one for each pool, so that who has to wait waits for time alone. */
  private static final int WAITING_MAX = 256;

  private static final int ANSWER_BYTES_MAX = 256 * 1024;
  private static final Set<String> PROTOCOLS = Set.of("TLSv1.3", "TLSv1.2");
  private static final Logger LOG = LoggerFactory.getLogger(LeaseApi.class);

  /** What the server says to a call. What it says otherwise is a failure. */
  sealed interface Answer {
    /** The object as it is now. */
    record Found(LeaseObject lease) implements Answer {}

    /** There is none of that name. */
    record Missing() implements Answer {}

    /** It is not, or no more, as the caller thought. */
    record Conflict() implements Answer {}
  }

  /**
   * Where the server is and who asks.
   *
   * @param host name or address, which stands in the server's certificate
   * @param account folder of the service account: {@code token} and {@code ca.crt}
   * @param namespace of the Leases
   * @param timeoutMs for a connection, and again for an answer
   */
  public record Server(String host, int port, Path account, String namespace, long timeoutMs) {}

  private final Server server;
  private final HttpClient client;
  private FileTime authoritiesOf;

  /**
   * Asks nothing yet.
   *
   * @throws UncheckedIOException where the account's files cannot be read
   */
  public LeaseApi(Vertx vertx, Server server) {
    this.server = server;
    try {
      token();
      this.authoritiesOf = changed();
      this.client =
          vertx.createHttpClient(
              new HttpClientOptions()
                  .setSsl(true)
                  .setVerifyHost(true)
                  .setTrustOptions(authorities())
                  .setEnabledSecureTransportProtocols(PROTOCOLS)
                  .setDefaultHost(server.host())
                  .setDefaultPort(server.port())
                  .setConnectTimeout(Math.toIntExact(server.timeoutMs()))
                  .setMaxWaitQueueSize(WAITING_MAX),
              new PoolOptions().setHttp1MaxSize(CONNECTIONS_MAX));
    } catch (IOException e) {
      throw new UncheckedIOException("service account: " + server.account(), e);
    }
  }

  Future<Answer> read(String name) {
    return call(HttpMethod.GET, "/" + name, Optional.empty());
  }

  /** Conflict where there is one already. */
  Future<Answer> create(LeaseObject lease) {
    return call(HttpMethod.POST, "", Optional.of(lease));
  }

  /** Conflict where it has changed since it was read. */
  Future<Answer> replace(String name, LeaseObject lease) {
    return call(HttpMethod.PUT, "/" + name, Optional.of(lease));
  }

  @Override
  public void close() {
    client.close();
  }

  private Future<Answer> call(HttpMethod method, String path, Optional<LeaseObject> body) {
    RequestOptions options;
    try {
      takeOverAuthorities();
      options =
          new RequestOptions()
              .setMethod(method)
              .setURI(
                  "/apis/coordination.k8s.io/v1/namespaces/"
                      + server.namespace()
                      + "/leases"
                      + path)
              .setConnectTimeout(server.timeoutMs())
              .putHeader("authorization", "Bearer " + token())
              .putHeader("accept", "application/json")
              .putHeader("content-type", "application/json")
              .putHeader("user-agent", "cofferdam-scheduler");
    } catch (IOException e) {
      return Future.failedFuture(e);
    }
    return client
        .request(options)
        .compose(
            request ->
                request
                    .send(body.map(lease -> lease.json().toBuffer()).orElseGet(Buffer::buffer))
                    .compose(response -> whole(request, response))
                    .timeout(server.timeoutMs(), TimeUnit.MILLISECONDS)
                    // A connection that is slow, or leads nowhere, is not used again.
                    .onFailure(failure -> request.reset()));
  }

  private Future<Answer> whole(HttpClientRequest request, HttpClientResponse response) {
    Promise<Answer> whole = Promise.promise();
    Buffer body = Buffer.buffer();
    response
        .exceptionHandler(whole::tryFail)
        .handler(
            part -> {
              if (body.length() + part.length() > ANSWER_BYTES_MAX) {
                whole.tryFail(
                    new IOException("the API server's answer is over " + ANSWER_BYTES_MAX));
                request.reset();
              } else {
                body.appendBuffer(part);
              }
            })
        .endHandler(
            end -> {
              try {
                whole.tryComplete(answer(response.statusCode(), body.toString()));
              } catch (IOException | IllegalArgumentException e) {
                whole.tryFail(e);
              }
            });
    return whole.future();
  }

  private static Answer answer(int status, String body) throws IOException {
    return switch (status) {
      case 200, 201 -> new Answer.Found(LeaseObject.read(body));
      case 404 -> {
        // Of a Lease, and not of the server's path or the namespace.
        if (!"leases".equals(details(body).getString("kind"))) {
          throw new IOException("the API server answers 404: " + message(body));
        }
        yield new Answer.Missing();
      }
      case 409 -> new Answer.Conflict();
      default -> throw new IOException("the API server answers " + status + ": " + message(body));
    };
  }

  private static JsonObject details(String body) {
    try {
      return new JsonObject(body).getJsonObject("details", new JsonObject());
    } catch (DecodeException | ClassCastException e) {
      return new JsonObject();
    }
  }

  private static String message(String body) {
    try {
      return new JsonObject(body).getString("message", "");
    } catch (DecodeException | ClassCastException e) {
      return "no Status";
    }
  }

  private String token() throws IOException {
    return Files.readString(server.account().resolve(TOKEN)).strip();
  }

  private FileTime changed() throws IOException {
    return Files.getLastModifiedTime(server.account().resolve(AUTHORITIES));
  }

  private PemTrustOptions authorities() throws IOException {
    byte[] pem = Files.readAllBytes(server.account().resolve(AUTHORITIES));
    return new PemTrustOptions().addCertValue(Buffer.buffer(pem));
  }

  private synchronized void takeOverAuthorities() throws IOException {
    FileTime now = changed();
    if (now.equals(authoritiesOf)) {
      return;
    }
    PemTrustOptions next = authorities();
    authoritiesOf = now;
    client
        .updateSSLOptions(
            new SSLOptions().setTrustOptions(next).setEnabledSecureTransportProtocols(PROTOCOLS))
        .onFailure(e -> LOG.warn("the cluster's new authorities cannot be used: {}", e.toString()));
  }
}
