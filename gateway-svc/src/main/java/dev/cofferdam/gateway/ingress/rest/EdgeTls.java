package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.mesh.IdentityFiles;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.TrustFile;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.TrustOptions;
import java.io.Closeable;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * TLS 1.3 of the edge, from PEM files that are read again when they change. A client's certificate
 * is verified where there is one.
 */
final class EdgeTls implements Closeable {
  private static final long HANDSHAKE_MS_MAX = 5_000;

  private final ScheduledExecutorService reloader =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("edge-tls-reload").factory());
  private final IdentityFiles identity;
  private final AdvancedTlsX509TrustManager trust;
  private final List<Closeable> watches = new ArrayList<>();

  EdgeTls(TlsFiles files) {
    try {
      trust =
          AdvancedTlsX509TrustManager.newBuilder()
              .setVerification(
                  AdvancedTlsX509TrustManager.Verification.CERTIFICATE_ONLY_VERIFICATION)
              .build();
      identity = new IdentityFiles(files, reloader);
      watches.add(identity);
      watches.add(new TrustFile(files.trust(), trust, reloader));
    } catch (IOException | GeneralSecurityException e) {
      reloader.shutdownNow();
      throw new IllegalStateException("cannot read the edge's identity: " + e.getMessage(), e);
    }
  }

  void applyTo(HttpServerOptions options) {
    applyTo(options, OpenSSLEngineOptions.isAvailable());
  }

  void applyTo(HttpServerOptions options, boolean boringSsl) {
    options
        .setSsl(true)
        .setSslEngineOptions(
            boringSsl ? new WithoutTickets.OfBoringSsl() : new WithoutTickets.OfJdk())
        .setUseAlpn(true)
        .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
        .setSslHandshakeTimeout(HANDSHAKE_MS_MAX)
        .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
        .setClientAuth(ClientAuth.REQUEST)
        .setKeyCertOptions(KeyCertOptions.wrap(identity.keys()))
        .setTrustOptions(TrustOptions.wrap(trust));
  }

  @Override
  public void close() throws IOException {
    for (Closeable watch : watches) {
      watch.close();
    }
    reloader.shutdownNow();
  }
}
