package dev.cofferdam.gateway.ingress.rest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.Resumption;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EdgeTlsTest {
  private static final String ID = "spiffe://test/service/gateway";

  @TempDir Path folder;

  private Vertx vertx;

  @BeforeEach
  void start() {
    vertx = Vertx.vertx();
  }

  @AfterEach
  void stop() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  private int listen(HttpServerOptions options) throws Exception {
    return vertx
        .createHttpServer(options.setHost("127.0.0.1").setPort(0))
        .requestHandler(request -> request.response().end())
        .listen()
        .toCompletionStage()
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS)
        .actualPort();
  }

  @Test
  void newConnectionsAreShownACertificateThatWasRenewedForTheSameKey() throws Exception {
    TestPki pki = new TestPki(folder);
    TlsFiles files = pki.identity("gateway", ID);
    try (EdgeTls tls = new EdgeTls(files)) {
      HttpServerOptions options = new HttpServerOptions();
      tls.applyTo(options);
      int port = listen(options);
      BigInteger first = pki.shownBy(port);

      pki.renew(files, ID);

      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (pki.shownBy(port).equals(first)) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        Thread.sleep(100);
      }
    }
  }

  @Test
  void resumesNothingOnBoringSsl() throws Exception {
    resumesNothing(true);
  }

  @Test
  void resumesNothingOnTheEngineOfTheJdk() throws Exception {
    resumesNothing(false);
  }

  private void resumesNothing(boolean boringSsl) throws Exception {
    Resumption resumption = new Resumption(folder);
    try (EdgeTls tls = new EdgeTls(resumption.server())) {
      HttpServerOptions options = new HttpServerOptions();
      tls.applyTo(options, boringSsl);
      resumption.isRefusedBy(listen(options));
    }
  }
}
