package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.mesh.Tickets;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.spi.tls.SslContextFactory;
import java.util.List;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;

/** Makes the contexts of Vert.x, for servers that resume no session. */
final class WithoutTickets implements SslContextFactory {
  private final SslContextFactory contexts;

  private WithoutTickets(SslContextFactory contexts) {
    this.contexts = contexts;
  }

  /** On BoringSSL. */
  static final class OfBoringSsl extends OpenSSLEngineOptions {
    @Override
    public SslContextFactory sslContextFactory() {
      return new WithoutTickets(super.sslContextFactory());
    }

    @Override
    public OfBoringSsl copy() {
      return new OfBoringSsl();
    }
  }

  /** On the engine of the JDK. */
  static final class OfJdk extends JdkSSLEngineOptions {
    @Override
    public SslContextFactory sslContextFactory() {
      return new WithoutTickets(super.sslContextFactory());
    }

    @Override
    public OfJdk copy() {
      return new OfJdk();
    }
  }

  @Override
  public SslContext create() throws SSLException {
    return Tickets.off(contexts.create());
  }

  @Override
  public SslContextFactory useAlpn(boolean useAlpn) {
    contexts.useAlpn(useAlpn);
    return this;
  }

  @Override
  public SslContextFactory clientAuth(ClientAuth clientAuth) {
    contexts.clientAuth(clientAuth);
    return this;
  }

  @Override
  public SslContextFactory forClient(boolean client) {
    contexts.forClient(client);
    return this;
  }

  @Override
  public SslContextFactory keyMananagerFactory(KeyManagerFactory keys) {
    contexts.keyMananagerFactory(keys);
    return this;
  }

  @Override
  public SslContextFactory trustManagerFactory(TrustManagerFactory trust) {
    contexts.trustManagerFactory(trust);
    return this;
  }

  @Override
  public SslContextFactory enabledCipherSuites(Set<String> suites) {
    contexts.enabledCipherSuites(suites);
    return this;
  }

  @Override
  public SslContextFactory applicationProtocols(List<String> protocols) {
    contexts.applicationProtocols(protocols);
    return this;
  }

  @Override
  public SslContextFactory serverName(String name) {
    contexts.serverName(name);
    return this;
  }
}
