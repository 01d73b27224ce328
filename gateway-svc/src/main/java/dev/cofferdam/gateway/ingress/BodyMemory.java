package dev.cofferdam.gateway.ingress;

import dev.cofferdam.vocabulary.TenantId;
import java.util.HashMap;
import java.util.Map;

/**
 * The memory of requests that are still to be read: bodies that arrive, and those that wait for a
 * thread. It is bounded for all of them together and for those of each tenant, so that nobody takes
 * the room, or the threads, that others need. Whoever holds nothing else gets what one request
 * takes, whose own bound is its endpoint's. Thread-safe.
 */
public final class BodyMemory {
  /** What a request takes at least, as it also takes a thread's time. */
  static final long LEAST_BYTES = 128 << 10;

  private static final long BYTES_MAX_LEAST = 64 << 20;

  private final long bytesMax;
  private final Map<TenantId, Long> held = new HashMap<>();
  private long total;

  /**
   * @param bytesMax bytes of all tenants; one may have a third
   */
  public BodyMemory(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  /** An eighth of the heap, which leaves room for what is made of the bytes. */
  public static BodyMemory ofHeap() {
    return new BodyMemory(Math.max(BYTES_MAX_LEAST, Runtime.getRuntime().maxMemory() / 8));
  }

  /** A request that holds nothing yet. */
  public Share share(TenantId tenant) {
    return new Share(tenant);
  }

  /** Bytes that are held. */
  public synchronized long held() {
    return total;
  }

  private synchronized boolean take(TenantId tenant, long had, long more) {
    long ofTenant = held.getOrDefault(tenant, 0L);
    boolean room =
        (ofTenant == had || ofTenant + more <= bytesMax / 3)
            && (total == had || total + more <= bytesMax);
    if (room) {
      total += more;
      held.merge(tenant, more, Long::sum);
    }
    return room;
  }

  private synchronized void giveBack(TenantId tenant, long bytes) {
    total -= bytes;
    held.computeIfPresent(tenant, (id, all) -> all == bytes ? null : all - bytes);
  }

  /** What one request holds. */
  public final class Share implements AutoCloseable {
    private final TenantId tenant;
    private long bytes;
    private boolean closed;

    private Share(TenantId tenant) {
      this.tenant = tenant;
    }

    /**
     * Takes what is missing to so many bytes; false where there is no room, or it was closed: then
     * it holds what it held.
     */
    public synchronized boolean grow(long wanted) {
      long more = Math.max(LEAST_BYTES, wanted) - bytes;
      if (closed || (more > 0 && !take(tenant, bytes, more))) {
        return false;
      }
      bytes += Math.max(0, more);
      return true;
    }

    /** The request was read, or nobody waits for it any more. */
    @Override
    public synchronized void close() {
      if (!closed) {
        closed = true;
        if (bytes > 0) {
          giveBack(tenant, bytes);
        }
      }
    }
  }
}
