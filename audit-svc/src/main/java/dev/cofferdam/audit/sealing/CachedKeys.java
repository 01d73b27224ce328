package dev.cofferdam.audit.sealing;

import dev.cofferdam.vocabulary.TenantId;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/**
 * Remembers what a remote key-encryption key unwrapped, for a short while, so that not each batch
 * asks for each tenant. A key whose wrapped bytes were destroyed is no longer asked for, and is
 * forgotten within that while.
 */
public final class CachedKeys implements KeyEncryption {
  private static final int KEYS_MAX = 1_000;

  private final KeyEncryption remote;
  private final InstantSource clock;
  private final long keptMs;

  /** Guarded by this; in the order of unwrapping. */
  private final Map<UUID, Cached> cached = new LinkedHashMap<>();

  @SuppressWarnings("ArrayRecordComponent")
  private record Cached(DataKey key, byte[] wrapped, long untilMs) {}

  /**
   * @param keptMs milliseconds for which a key is remembered
   */
  public CachedKeys(KeyEncryption remote, InstantSource clock, long keptMs) {
    this.remote = remote;
    this.clock = clock;
    this.keptMs = keptMs;
  }

  @Override
  public String id() {
    return remote.id();
  }

  @Override
  public byte[] wrap(DataKey key) {
    return remote.wrap(key);
  }

  @Override
  public synchronized DataKey unwrap(UUID id, TenantId tenant, byte[] wrapped) {
    long now = clock.millis();
    cached.values().removeIf(entry -> entry.untilMs() <= now);
    Cached known = cached.get(id);
    if (known != null
        && known.key().tenant().equals(tenant)
        && Arrays.equals(known.wrapped(), wrapped)) {
      return known.key();
    }
    DataKey key = remote.unwrap(id, tenant, wrapped);
    if (cached.size() >= KEYS_MAX) {
      cached.remove(cached.keySet().iterator().next());
    }
    cached.put(id, new Cached(key, wrapped.clone(), now + keptMs));
    return key;
  }
}
