package dev.cofferdam.audit.sealing;

import dev.cofferdam.vocabulary.TenantId;
import java.util.UUID;

/** Protects data keys at rest under a key that lies outside the database. */
public interface KeyEncryption {
  /** A data key that only {@link #unwrap} of the same id and tenant opens. */
  byte[] wrap(DataKey key);

  /**
   * The data key of wrapped bytes.
   *
   * @throws UnsealableException where they are not of this key, id and tenant
   */
  DataKey unwrap(UUID id, TenantId tenant, byte[] wrapped);
}
