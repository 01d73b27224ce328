package dev.cofferdam.mesh;

import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.Closeable;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * TLS 1.3 contexts from PEM files that are read again when they change. Peers inside the mesh are
 * verified by the SPIFFE-ID of their certificate, not by the name of their host.
 */
final class MeshTls implements Closeable {
  /** BoringSSL costs less than the JDK's engine for short records, and needs no warm-up. */
  private static final SslProvider PROVIDER =
      OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;

  private final X509ExtendedKeyManager keys;
  private final ScheduledExecutorService reloader =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "tls-reload");
            thread.setDaemon(true);
            return thread;
          });
  private final List<Closeable> watches = new ArrayList<>();
  private final TlsFiles files;

  MeshTls(TlsFiles files) {
    this.files = files;
    try {
      IdentityFiles identity = new IdentityFiles(files, reloader);
      watches.add(identity);
      keys = identity.keys();
    } catch (IOException | GeneralSecurityException e) {
      reloader.shutdownNow();
      throw new IllegalStateException(
          "cannot read the identity in "
              + files.certificate()
              + " and "
              + files.key()
              + ": "
              + e.getMessage(),
          e);
    }
  }

  /**
   * A server context; a client's certificate is required or optional, and always verified where
   * there is one.
   */
  SslContext server(ClientAuth clientAuth) {
    try {
      AdvancedTlsX509TrustManager trust = trust(Set.of());
      return Tickets.off(
          GrpcSslContexts.configure(SslContextBuilder.forServer(keys), PROVIDER)
              .trustManager(trust)
              .clientAuth(clientAuth)
              .protocols("TLSv1.3")
              .build());
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("cannot make a TLS server context: " + e.getMessage(), e);
    }
  }

  /** A context of the JDK for peers of the given roles; empty: of any. */
  SSLContext context(Set<SpiffeId.Role> peers) {
    return context(() -> trust(peers));
  }

  /** A context of the JDK for servers that are known by the name of their host. */
  SSLContext contextByHostName() {
    return context(() -> watched(AdvancedTlsX509TrustManager.newBuilder()));
  }

  /** Makes a trust manager. */
  private interface Trust {
    TrustManager make() throws IOException, GeneralSecurityException;
  }

  private SSLContext context(Trust trust) {
    try {
      SSLContext context = SSLContext.getInstance("TLSv1.3");
      context.init(new KeyManager[] {keys}, new TrustManager[] {trust.make()}, null);
      Tickets.off(context.getClientSessionContext());
      Tickets.off(context.getServerSessionContext());
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("cannot make a TLS context: " + e.getMessage(), e);
    }
  }

  /** A client context that talks to servers of the given roles only. */
  SslContext client(Set<SpiffeId.Role> serverRoles) {
    try {
      return GrpcSslContexts.configure(SslContextBuilder.forClient(), PROVIDER)
          .keyManager(keys)
          .trustManager(trust(serverRoles))
          .protocols("TLSv1.3")
          .build();
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("cannot make a TLS client context: " + e.getMessage(), e);
    }
  }

  private AdvancedTlsX509TrustManager trust(Set<SpiffeId.Role> serverRoles)
      throws IOException, GeneralSecurityException {
    return watched(
        AdvancedTlsX509TrustManager.newBuilder()
            .setVerification(AdvancedTlsX509TrustManager.Verification.CERTIFICATE_ONLY_VERIFICATION)
            .setSslSocketAndEnginePeerVerifier(new RoleVerifier(serverRoles)));
  }

  private AdvancedTlsX509TrustManager watched(AdvancedTlsX509TrustManager.Builder builder)
      throws IOException, GeneralSecurityException {
    AdvancedTlsX509TrustManager trust = builder.build();
    watches.add(new TrustFile(files.trust(), trust, reloader));
    return trust;
  }

  @Override
  public void close() throws IOException {
    for (Closeable watch : watches) {
      watch.close();
    }
    reloader.shutdownNow();
  }

  /** Refuses servers whose certificate does not carry one of the expected roles. */
  private record RoleVerifier(Set<SpiffeId.Role> expected)
      implements AdvancedTlsX509TrustManager.SslSocketAndEnginePeerVerifier {
    @Override
    public void verifyPeerCertificate(
        X509Certificate[] chain, String authType, @Nullable Socket socket)
        throws CertificateException {
      verify(chain);
    }

    @Override
    public void verifyPeerCertificate(
        X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
        throws CertificateException {
      verify(chain);
    }

    private void verify(X509Certificate[] chain) throws CertificateException {
      if (expected.isEmpty()) {
        return;
      }
      SpiffeId id =
          Caller.spiffeId(chain[0])
              .orElseThrow(() -> new CertificateException("the server has no SPIFFE-ID"));
      if (!expected.contains(id.role())) {
        throw new CertificateException("the server is " + id.uri() + ", expected role " + expected);
      }
    }
  }
}
