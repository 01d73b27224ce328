package dev.cofferdam.worker.lease;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Keys under which schedulers sign grants for this worker. A key outlives its expiry by {@link
 * #GRACE_MS}, for the grants that are on their way. At most {@link #KEYS_MAX} keys; the oldest
 * goes. Thread-safe.
 */
public final class SessionKeys {
  /** Milliseconds for which a key is kept after it expired: longer than any grant lives. */
  public static final long GRACE_MS = 600_000;

  /** Largest number of keys. */
  public static final int KEYS_MAX = 32;

  private record Key(byte[] bytes, long expiresEpochMs) {}

  private final Map<String, Key> keys = new LinkedHashMap<>();

  /** Takes a key. */
  public synchronized void add(String id, byte[] key, long expiresEpochMs, long nowEpochMs) {
    keys.values().removeIf(k -> k.expiresEpochMs + GRACE_MS < nowEpochMs);
    keys.remove(id);
    keys.put(id, new Key(key.clone(), expiresEpochMs));
    Iterator<String> oldest = keys.keySet().iterator();
    while (keys.size() > KEYS_MAX) {
      oldest.next();
      oldest.remove();
    }
  }

  /**
   * Forgets all keys: a session begins. What was granted in an earlier one and not shown yet is not
   * honoured any more, as its lease may be free by now.
   */
  public synchronized void clear() {
    keys.clear();
  }

  /** The key of an id, while it is good for checking. */
  public synchronized Optional<byte[]> find(String id, long nowEpochMs) {
    Key key = keys.get(id);
    return key == null || key.expiresEpochMs + GRACE_MS < nowEpochMs
        ? Optional.empty()
        : Optional.of(key.bytes);
  }
}
