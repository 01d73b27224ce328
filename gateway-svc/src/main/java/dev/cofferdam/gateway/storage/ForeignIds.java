package dev.cofferdam.gateway.storage;

import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether an id that a tenant named and does not have is another tenant's. That is looked
 * up for every such id, behind the answer and on another thread, so that neither answer nor time
 * tell the caller. Thread-safe.
 */
public final class ForeignIds {
  private static final Logger LOG = LoggerFactory.getLogger(ForeignIds.class);

  /** Ids of one tenant that wait to be looked up; more are counted and not looked up. */
  static final int WAITING_PER_TENANT_MAX = 256;

  private static final int WAITING_MAX = 8_192;

  /** Together two minutes: a database that is away longer answers no ids either. */
  private static final int TRIES_MAX = 240;

  private static final long RETRY_MS = 500;

  /** Where all tenants' ids are known. */
  public interface Owners {
    /**
     * Whether an id is there and another tenant's. Nobody learns whose, or anything else of it.
     *
     * @throws RefusedException where the store is away or busy
     */
    boolean hasAnother(TenantId than, GeneratedId id);
  }

  private final Owners owners;
  private final ScheduledExecutorService thread;
  private final Map<TenantId, Integer> waiting = new HashMap<>();
  private final LongAdder violations = new LongAdder();
  private final LongAdder unchecked = new LongAdder();
  private int waitingAll;

  /**
   * @param thread where it is looked up; stays the caller's
   */
  public ForeignIds(Owners owners, ScheduledExecutorService thread) {
    this.owners = owners;
    this.thread = thread;
  }

  /**
   * A tenant named an id that it does not have.
   *
   * @param violation run on the other thread where the id is another tenant's
   */
  public void missed(TenantId tenant, GeneratedId id, Runnable violation) {
    if (!enter(tenant)) {
      unchecked.increment();
      return;
    }
    look(tenant, id, violation, 1, 0);
  }

  /** Ids that were another tenant's. */
  public long violations() {
    return violations.sum();
  }

  /** Ids of which nobody found out whose they are. */
  public long unchecked() {
    return unchecked.sum();
  }

  private void look(TenantId tenant, GeneratedId id, Runnable violation, int tries, long delayMs) {
    try {
      var unused =
          thread.schedule(
              () -> found(tenant, id, violation, tries), delayMs, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      // The gateway is about to end.
      unchecked.increment();
      leave(tenant);
    }
  }

  private void found(TenantId tenant, GeneratedId id, Runnable violation, int tries) {
    try {
      if (owners.hasAnother(tenant, id)) {
        violations.increment();
        violation.run();
      }
      leave(tenant);
    } catch (RefusedException e) {
      if (tries < TRIES_MAX) {
        look(tenant, id, violation, tries + 1, RETRY_MS);
        return;
      }
      gaveUp(tenant, e);
    } catch (RuntimeException e) {
      gaveUp(tenant, e);
    }
  }

  private void gaveUp(TenantId tenant, RuntimeException e) {
    unchecked.increment();
    leave(tenant);
    LOG.error(
        "an id that tenant {} named could not be looked up: {}", tenant.value(), e.getMessage());
  }

  private synchronized boolean enter(TenantId tenant) {
    int own = waiting.getOrDefault(tenant, 0);
    if (own >= WAITING_PER_TENANT_MAX || waitingAll >= WAITING_MAX) {
      return false;
    }
    waiting.put(tenant, own + 1);
    waitingAll++;
    return true;
  }

  private synchronized void leave(TenantId tenant) {
    waiting.computeIfPresent(tenant, (unused, count) -> count == 1 ? null : count - 1);
    waitingAll--;
  }
}
