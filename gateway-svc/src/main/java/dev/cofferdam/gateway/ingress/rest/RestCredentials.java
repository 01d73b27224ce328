package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.identity.ApiKeys;
import dev.cofferdam.gateway.identity.Credentials;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.SpiffeId;
import io.vertx.core.http.HttpServerRequest;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * What a request shows to prove who it is: a key and a token in {@code authorization} or {@code
 * x-api-key}, a client certificate.
 *
 * @param credentials with the first key and the first token
 * @param disagree whether another one is there that differs from it
 */
record RestCredentials(Credentials credentials, boolean disagree) {
  static final Refusal DISAGREE =
      Refusal.of(ErrorCode.IDENTITY_MISMATCH, "the request's credentials disagree");

  private static final String BEARER = "Bearer ";

  static RestCredentials of(HttpServerRequest request, String sourceIp) {
    List<String> keys = new ArrayList<>();
    for (String header : request.headers().getAll("authorization")) {
      if (header.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
        keys.add(header.substring(BEARER.length()).strip());
      }
    }
    request.headers().getAll("x-api-key").forEach(key -> keys.add(key.strip()));
    List<String> claims = request.headers().getAll("x-tenant-id");
    List<String> own = keys.stream().filter(ApiKeys::looksLikeKey).distinct().toList();
    List<String> tokens = keys.stream().filter(t -> !ApiKeys.looksLikeKey(t)).distinct().toList();
    return new RestCredentials(
        new Credentials(
            own.stream().findFirst(),
            tokens.stream().findFirst(),
            certificate(request),
            claims.stream().findFirst(),
            sourceIp),
        own.size() > 1 || tokens.size() > 1 || claims.stream().distinct().count() > 1);
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
