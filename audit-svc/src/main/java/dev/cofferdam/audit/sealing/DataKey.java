package dev.cofferdam.audit.sealing;

import dev.cofferdam.vocabulary.TenantId;
import java.util.UUID;
import javax.crypto.SecretKey;

/**
 * The key under which a tenant's records are sealed.
 *
 * @param id names it in every record that it seals
 * @param tenant whose it is
 * @param key 256 bits for AES
 */
public record DataKey(UUID id, TenantId tenant, SecretKey key) {
  /** Says whose it is and nothing of the key. */
  @Override
  public String toString() {
    return "DataKey[" + id + ", " + tenant + "]";
  }
}
