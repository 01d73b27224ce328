package dev.cofferdam.mesh;

import io.netty.handler.ssl.DelegatingSslContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.internal.tcnative.SSL;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;

/**
 * Takes TLS 1.3 session tickets from a server. Who resumes a session shows no certificate again,
 * and could go on for as long as it likes with one that is trusted no more.
 */
public final class Tickets {
  /** Longer than TLS 1.3 allows a ticket to live (seven days): the JDK gives out and keeps none. */
  private static final int TOO_LONG_S = (int) TimeUnit.DAYS.toSeconds(8);

  private Tickets() {}

  /** A server's context that gives none out. */
  public static SslContext off(SslContext server) {
    if (server instanceof ReferenceCountedOpenSslContext) {
      return new DelegatingSslContext(server) {
        @Override
        protected void initEngine(SSLEngine engine) {
          SSL.setOptions(
              ((ReferenceCountedOpenSslEngine) engine).sslPointer(), SSL.SSL_OP_NO_TICKET);
        }
      };
    }
    off(server.sessionContext());
    return server;
  }

  /** Sessions of the JDK's engines: a server gives no ticket out, and a client keeps none. */
  static void off(SSLSessionContext sessions) {
    sessions.setSessionTimeout(TOO_LONG_S);
  }
}
