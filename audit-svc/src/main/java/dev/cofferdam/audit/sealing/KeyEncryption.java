package dev.cofferdam.audit.sealing;

import dev.cofferdam.vocabulary.TenantId;
import java.util.UUID;

/** Protects data keys at rest under a key-encryption key that lies outside the database. */
public interface KeyEncryption {
  /** Names the key-encryption key, and says nothing of it: the same key has the same id. */
  String id();

  /** A data key that only {@link #unwrap} of the same id and tenant opens. */
  byte[] wrap(DataKey key);

  /**
   * The data key of wrapped bytes.
   *
   * @throws UnsealableException where they are not of this key, id and tenant
   */
  DataKey unwrap(UUID id, TenantId tenant, byte[] wrapped);

  /** What a wrapped key is bound to. */
  static byte[] associated(UUID id, TenantId tenant) {
    return (id + "\n" + tenant.value()).getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }
}
