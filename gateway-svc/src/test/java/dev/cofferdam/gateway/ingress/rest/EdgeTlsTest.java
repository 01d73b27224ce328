package dev.cofferdam.gateway.ingress.rest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EdgeTlsTest {
  private static final String ID = "spiffe://test/service/gateway";

  @TempDir Path folder;

  @Test
  void newConnectionsAreShownACertificateThatWasRenewedForTheSameKey() throws Exception {
    TestPki pki = new TestPki(folder);
    TlsFiles files = pki.identity("gateway", ID);
    Vertx vertx = Vertx.vertx();
    try (EdgeTls tls = new EdgeTls(files)) {
      HttpServerOptions options = new HttpServerOptions().setHost("127.0.0.1").setPort(0);
      tls.applyTo(options);
      HttpServer server =
          vertx
              .createHttpServer(options)
              .requestHandler(request -> request.response().end())
              .listen()
              .toCompletionStage()
              .toCompletableFuture()
              .get(30, TimeUnit.SECONDS);
      BigInteger first = pki.shownBy(server.actualPort());

      pki.renew(files, ID);

      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (pki.shownBy(server.actualPort()).equals(first)) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        Thread.sleep(100);
      }
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }
  }
}
