package dev.cofferdam.audit.sealing;

import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The key-encryption key in force, and those before it, which still open what they wrapped until
 * everything is wrapped again.
 */
public final class KeyRing {
  private final KeyEncryption current;
  private final List<KeyEncryption> all;

  /**
   * @param current wraps from now on
   * @param previous open what they wrapped
   */
  public KeyRing(KeyEncryption current, List<KeyEncryption> previous) {
    this.current = current;
    this.all = new ArrayList<>(List.of(current));
    all.addAll(previous);
  }

  /** A ring of one key. */
  public static KeyRing of(KeyEncryption only) {
    return new KeyRing(only, List.of());
  }

  /** The key in force. */
  public KeyEncryption current() {
    return current;
  }

  /**
   * Unwraps a data key.
   *
   * @param wrappedBy id of the key-encryption key; empty where nobody noted it
   * @throws UnsealableException where the key is not on this ring, or does not open the data key
   */
  public DataKey unwrap(String wrappedBy, UUID id, TenantId tenant, byte[] wrapped) {
    for (KeyEncryption key : all) {
      if (key.id().equals(wrappedBy)) {
        return key.unwrap(id, tenant, wrapped);
      }
    }
    if (!wrappedBy.isEmpty()) {
      throw new UnsealableException("wrapped under a key-encryption key that is not given");
    }
    for (KeyEncryption key : all) {
      try {
        return key.unwrap(id, tenant, wrapped);
      } catch (UnsealableException e) {
        // Not this one's.
        continue;
      }
    }
    throw new UnsealableException("no key-encryption key opens the data key " + id);
  }
}
