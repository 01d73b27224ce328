package dev.cofferdam.gateway.identity;

import dev.cofferdam.vocabulary.SpiffeId;
import java.util.Optional;

/**
 * What a request brings to prove who it is.
 *
 * @param bearerKey an API key
 * @param token a signed token, or whatever else was shown that has not an API key's prefix
 * @param certificate the identity of the client's certificate
 * @param claimedTenant what the x-tenant-id header says; proves nothing, must not disagree
 * @param sourceIp the peer's address
 */
public record Credentials(
    Optional<String> bearerKey,
    Optional<String> token,
    Optional<SpiffeId> certificate,
    Optional<String> claimedTenant,
    String sourceIp) {

  /** The credentials of a request that shows at most one text, be it a key or a token. */
  public static Credentials of(
      Optional<String> bearer,
      Optional<SpiffeId> certificate,
      Optional<String> claimedTenant,
      String sourceIp) {
    return new Credentials(
        bearer.filter(ApiKeys::looksLikeKey),
        bearer.filter(text -> !ApiKeys.looksLikeKey(text)),
        certificate,
        claimedTenant,
        sourceIp);
  }
}
