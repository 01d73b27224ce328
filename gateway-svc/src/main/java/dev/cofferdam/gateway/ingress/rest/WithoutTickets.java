package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.mesh.Tickets;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslProvider;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.spi.tls.DefaultSslContextFactory;
import io.vertx.core.spi.tls.SslContextFactory;
import javax.net.ssl.SSLException;

/** Makes the contexts of Vert.x, for servers that resume no session. */
final class WithoutTickets extends DefaultSslContextFactory {
  private WithoutTickets(SslProvider provider) {
    super(provider, false);
  }

  @Override
  public SslContext create() throws SSLException {
    return Tickets.off(super.create());
  }

  /** On BoringSSL. */
  static final class OfBoringSsl extends OpenSSLEngineOptions {
    @Override
    public SslContextFactory sslContextFactory() {
      return new WithoutTickets(SslProvider.OPENSSL);
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
      return new WithoutTickets(SslProvider.JDK);
    }

    @Override
    public OfJdk copy() {
      return new OfJdk();
    }
  }
}
