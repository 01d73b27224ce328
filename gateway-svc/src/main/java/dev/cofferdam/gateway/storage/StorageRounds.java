package dev.cofferdam.gateway.storage;

import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Looks at a few tenants at a time, round and round. One that keeps something is told of and left
 * alone until the next UTC hour; one that keeps nothing is looked at again. Belongs to one thread.
 */
public final class StorageRounds {
  /** Where tenants keep things. */
  public interface Store {
    /**
     * What a tenant keeps.
     *
     * @throws dev.cofferdam.vocabulary.RefusedException where the store is away or busy
     */
    Stored of(TenantId tenant);
  }

  /** Who is told. */
  public interface Listener {
    /** A tenant keeps this in the hour of a moment; may throw where it cannot be told now. */
    void kept(TenantId tenant, Stored stored, Instant now);
  }

  private final Store store;
  private final Listener listener;
  private final int tenantsPerStep;
  private final Set<TenantId> told = new HashSet<>();
  private Instant hour = Instant.MIN;
  private String last = "";

  /**
   * @param tenantsPerStep tenants that a step looks at, at most
   */
  public StorageRounds(Store store, Listener listener, int tenantsPerStep) {
    this.store = store;
    this.listener = listener;
    this.tenantsPerStep = tenantsPerStep;
  }

  /**
   * Looks at the next tenants. What store or listener throw goes on to the caller; the tenant's
   * turn comes again after the others'.
   */
  public void step(Collection<TenantId> tenants, Instant now) {
    Instant current = now.truncatedTo(ChronoUnit.HOURS);
    if (!current.equals(hour)) {
      told.clear();
      hour = current;
    }
    TreeMap<String, TenantId> untold = new TreeMap<>();
    tenants.stream()
        .filter(tenant -> !told.contains(tenant))
        .forEach(tenant -> untold.put(tenant.value(), tenant));
    for (int i = Math.min(tenantsPerStep, untold.size()); i > 0; i--) {
      Map.Entry<String, TenantId> higher = untold.higherEntry(last);
      TenantId next = (higher == null ? untold.firstEntry() : higher).getValue();
      last = next.value();
      Stored stored = store.of(next);
      if (stored.bytes().values().stream().anyMatch(bytes -> bytes > 0)) {
        listener.kept(next, stored, now);
        told.add(next);
      }
    }
  }
}
