package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.identity.ShownCredentials;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.vocabulary.SpiffeId;
import io.vertx.core.http.HttpServerRequest;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * What a request shows to prove who it is: a key and a token in {@code authorization} or {@code
 * x-api-key}, a client certificate.
 */
final class RestCredentials {
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
    if (request.sslSession() == null) {
      return Optional.empty();
    }
    try {
      Certificate leaf = request.sslSession().getPeerCertificates()[0];
      return leaf instanceof X509Certificate x509 ? Caller.spiffeId(x509) : Optional.empty();
    } catch (SSLPeerUnverifiedException e) {
      return Optional.empty();
    }
  }
}
