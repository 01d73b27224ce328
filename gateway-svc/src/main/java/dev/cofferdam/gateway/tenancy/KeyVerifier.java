package dev.cofferdam.gateway.tenancy;

import dev.cofferdam.vocabulary.TenantId;

/**
 * What an API key is checked against.
 *
 * @param keyId the key's public part
 * @param tenant its tenant
 * @param sha256 SHA-256 of the whole key; not to be changed
 * @param notAfterEpochS seconds since the epoch from which it is refused; 0: never
 */
@SuppressWarnings("ArrayRecordComponent") // read on every request; a copy would buy nothing
public record KeyVerifier(String keyId, TenantId tenant, byte[] sha256, long notAfterEpochS) {

  /** Whether the key is refused at a time. */
  public boolean expired(long nowEpochS) {
    return notAfterEpochS != 0 && nowEpochS >= notAfterEpochS;
  }
}
