package dev.cofferdam.gateway.tenancy;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import java.util.Optional;

/** Tenants and their keys as configured. Answers from memory; never blocks. */
public interface Tenants {
  /** A tenant's profile; empty where it is unknown or its record does not hold. */
  Optional<TenantProfile> tenant(TenantId id);

  /** The verifier of a key. */
  Optional<KeyVerifier> key(String keyId);
}
