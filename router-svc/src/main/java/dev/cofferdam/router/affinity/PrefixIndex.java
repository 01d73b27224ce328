package dev.cofferdam.router.affinity;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which workers hold which prefix blocks. The keys are digests that only the owning tenant's key
 * can make, so that an entry can match requests of its own tenant alone, and nothing can be read
 * out of the index. Bounded: the least recently used digest leaves first. A stale entry costs
 * speed, never correctness: the worker looks for itself.
 *
 * <p>Thread-safe.
 */
public final class PrefixIndex {
  private final int digestsMax;
  private final LinkedHashMap<ByteBuffer, Set<String>> holders =
      new LinkedHashMap<>(1024, 0.75f, true);
  private final Map<String, Set<ByteBuffer>> held = new HashMap<>();

  /**
   * @param digestsMax bound of the index
   */
  public PrefixIndex(int digestsMax) {
    this.digestsMax = digestsMax;
  }

  /** A worker holds these blocks now. */
  public synchronized void add(String workerId, List<byte[]> digests) {
    Set<ByteBuffer> own = held.computeIfAbsent(workerId, unused -> new HashSet<>());
    for (byte[] digest : digests) {
      ByteBuffer key = ByteBuffer.wrap(digest.clone());
      holders.computeIfAbsent(key, unused -> new HashSet<>(2)).add(workerId);
      own.add(key);
    }
    evict();
  }

  /** A worker holds these blocks no more. */
  public synchronized void remove(String workerId, List<byte[]> digests) {
    Set<ByteBuffer> own = held.get(workerId);
    if (own == null) {
      return;
    }
    for (byte[] digest : digests) {
      ByteBuffer key = ByteBuffer.wrap(digest);
      if (own.remove(key)) {
        forget(key, workerId);
      }
    }
  }

  /** A worker is gone, or begins anew. */
  public synchronized void clear(String workerId) {
    Set<ByteBuffer> own = held.remove(workerId);
    if (own != null) {
      own.forEach(key -> forget(key, workerId));
    }
  }

  /**
   * Number of the first blocks of a chain that each worker holds without a gap; workers that hold
   * none are absent.
   */
  public synchronized Map<String, Integer> match(List<byte[]> chain) {
    Map<String, Integer> matched = new HashMap<>();
    Set<String> unbroken = Set.of();
    for (int i = 0; i < chain.size(); i++) {
      Set<String> here = holders.get(ByteBuffer.wrap(chain.get(i)));
      if (here == null) {
        break;
      }
      Set<String> next = new HashSet<>(here);
      if (i > 0) {
        next.retainAll(unbroken);
      }
      if (next.isEmpty()) {
        break;
      }
      for (String worker : next) {
        matched.put(worker, i + 1);
      }
      unbroken = next;
    }
    return matched;
  }

  /** Digests in the index. */
  public synchronized int size() {
    return holders.size();
  }

  private void forget(ByteBuffer key, String workerId) {
    Set<String> workers = holders.get(key);
    if (workers != null) {
      workers.remove(workerId);
      if (workers.isEmpty()) {
        holders.remove(key);
      }
    }
  }

  private void evict() {
    Iterator<Map.Entry<ByteBuffer, Set<String>>> oldest = holders.entrySet().iterator();
    while (holders.size() > digestsMax && oldest.hasNext()) {
      Map.Entry<ByteBuffer, Set<String>> entry = oldest.next();
      for (String worker : entry.getValue()) {
        Set<ByteBuffer> own = held.get(worker);
        if (own != null) {
          own.remove(entry.getKey());
        }
      }
      oldest.remove();
    }
  }
}
