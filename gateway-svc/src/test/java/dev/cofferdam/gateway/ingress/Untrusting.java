package dev.cofferdam.gateway.ingress;

import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** TLS that takes any server: for tests of what a client can do to one. */
public final class Untrusting {
  private Untrusting() {}

  /** A connection to a server on this machine that speaks a protocol. */
  public static SSLSocket connect(int port, String protocol) throws Exception {
    return connect(port, protocol, 0);
  }

  /**
   * A connection to a server on this machine that speaks a protocol.
   *
   * @param receiveBufferBytes what may come before it is read; 0: as usual
   */
  public static SSLSocket connect(int port, String protocol, int receiveBufferBytes)
      throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Anybody()}, null);
    SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket();
    if (receiveBufferBytes > 0) {
      socket.setReceiveBufferSize(receiveBufferBytes);
    }
    socket.setSoTimeout(20_000);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {protocol});
    socket.setSSLParameters(parameters);
    socket.connect(new InetSocketAddress("127.0.0.1", port));
    socket.startHandshake();
    return socket;
  }

  private static final class Anybody implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
