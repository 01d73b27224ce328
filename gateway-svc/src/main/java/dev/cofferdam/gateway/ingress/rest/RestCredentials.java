package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.identity.ShownCredentials;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.vocabulary.SpiffeId;
import io.vertx.core.http.HttpServerRequest;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/**
 * What a request shows to prove who it is: a key and a token in {@code authorization} or {@code
 * x-api-key}, a client certificate.
 */
final class RestCredentials {
  /**
   * Where a TLS session keeps its {@link Peer}: to ask it for a certificate that is not there
   * throws, which costs more than all else here.
   */
  private static final String PEER = "cofferdam.peer";

  /** Who a certificate says that the client is. */
  private record Peer(Optional<SpiffeId> id) {}

  private RestCredentials() {}

  static ShownCredentials of(HttpServerRequest request, String sourceIp) {
    return ShownCredentials.of(
        request.headers().getAll("authorization"),
        request.headers().getAll("x-api-key"),
        request.headers().getAll("x-tenant-id"),
        certificate(request),
        sourceIp);
  }

  private static Optional<SpiffeId> certificate(HttpServerRequest request) {
    SSLSession session = request.sslSession();
    if (session == null) {
      return Optional.empty();
    }
    if (session.getValue(PEER) instanceof Peer known) {
      return known.id();
    }
    Peer peer = new Peer(read(session));
    session.putValue(PEER, peer);
    return peer.id();
  }

  private static Optional<SpiffeId> read(SSLSession session) {
    try {
      Certificate leaf = session.getPeerCertificates()[0];
      return leaf instanceof X509Certificate x509 ? Caller.spiffeId(x509) : Optional.empty();
    } catch (SSLPeerUnverifiedException e) {
      return Optional.empty();
    }
  }
}
