package dev.cofferdam.verification.bench.gateway;

import dev.cofferdam.mesh.ParentWatch;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.PemKeyCertOptions;
import java.util.Set;

/**
 * The floor: a reverse proxy on Vert.x that does nothing but pass requests and answers on, in the
 * clear on one port, and with TLS 1.3 towards its clients on another.
 *
 * <p>Arguments: upstream port, port, port with TLS, certificate, key.
 */
public final class BareProxy {
  private static final int CONNECTIONS_MAX = 256;

  private BareProxy() {}

  /** Runs it until its parent ends. */
  public static void main(String[] args) {
    ParentWatch.startIfAsked();
    Vertx vertx = Vertx.vertx();
    int upstream = Integer.parseInt(args[0]);
    HttpClient client =
        vertx.createHttpClient(
            new HttpClientOptions().setDefaultHost("127.0.0.1").setDefaultPort(upstream),
            new PoolOptions().setHttp1MaxSize(CONNECTIONS_MAX));
    HttpServerOptions plain =
        new HttpServerOptions().setHost("127.0.0.1").setPort(Integer.parseInt(args[1]));
    HttpServerOptions tls =
        new HttpServerOptions()
            .setHost("127.0.0.1")
            .setPort(Integer.parseInt(args[2]))
            .setSsl(true)
            .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
            .setKeyCertOptions(new PemKeyCertOptions().addCertPath(args[3]).addKeyPath(args[4]));
    for (HttpServerOptions options : new HttpServerOptions[] {plain, tls}) {
      var unused =
          vertx
              .createHttpServer(options)
              .requestHandler(request -> pass(client, request))
              .listen()
              .toCompletionStage()
              .toCompletableFuture()
              .join();
    }
    System.out.println("ready");
  }

  private static void pass(HttpClient client, HttpServerRequest request) {
    request.pause();
    var unused =
        client
            .request(new RequestOptions().setMethod(request.method()).setURI(request.uri()))
            .compose(
                up -> {
                  up.headers().setAll(request.headers());
                  return up.send(request);
                })
            .compose(
                answer -> {
                  request.response().setStatusCode(answer.statusCode());
                  request.response().headers().setAll(answer.headers());
                  return answer.pipeTo(request.response());
                })
            .onFailure(failure -> request.connection().close());
  }
}
