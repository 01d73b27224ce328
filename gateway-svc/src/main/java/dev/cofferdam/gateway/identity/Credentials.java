package dev.cofferdam.gateway.identity;

import dev.cofferdam.vocabulary.SpiffeId;
import java.util.Optional;

/**
 * What a request brings to prove who it is.
 *
 * @param bearerKey the API key of the authorization header
 * @param certificate the identity of the client's certificate
 * @param claimedTenant what the x-tenant-id header says; proves nothing, must not disagree
 * @param sourceIp the peer's address
 */
public record Credentials(
    Optional<String> bearerKey,
    Optional<SpiffeId> certificate,
    Optional<String> claimedTenant,
    String sourceIp) {}
