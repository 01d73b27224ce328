package dev.cofferdam.router.routing;

import dev.cofferdam.router.fleet.FleetView.PoolSeats;
import dev.cofferdam.router.tenancy.Directory.Pin;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which workers of a shared pool belong to which pinned tenant. Every router comes to the same
 * answer from the same workers and records: in the order of their ids, each tenant takes the free
 * workers with the highest hash of tenant and worker (rendezvous hashing, Thaler and Ravishankar),
 * so that a worker that comes or goes moves few others. One worker at least stays free.
 * Thread-safe.
 */
final class Pins {
  /** Of the pools in use; those that are not any more are as many as pools ever were. */
  private final Map<String, Assigned> byPool = new ConcurrentHashMap<>();

  private record Assigned(PoolSeats pool, List<Pin> pins, Owners owners) {}

  /** Owners of a pool's workers. */
  static final class Owners {
    private static final Owners NOBODY = new Owners(new TenantId[0]);
    private final @Nullable TenantId[] owners;

    private Owners(@Nullable TenantId[] owners) {
      this.owners = owners;
    }

    /** Whether nobody is pinned here. */
    boolean none() {
      return owners.length == 0;
    }

    /** Whether a tenant has workers here. */
    boolean has(TenantId tenant) {
      for (TenantId owner : owners) {
        if (tenant.equals(owner)) {
          return true;
        }
      }
      return false;
    }

    /**
     * Whether the worker at a place of the pool is a tenant's; {@code null}: whether it is free.
     */
    boolean isOf(int place, @Nullable TenantId tenant) {
      TenantId owner = owners[place];
      return owner == null ? tenant == null : owner.equals(tenant);
    }
  }

  /** The owners of a pool's workers. */
  Owners of(String model, PoolSeats pool, List<Pin> pins) {
    if (pins.isEmpty()) {
      return Owners.NOBODY;
    }
    Assigned known = byPool.get(model + '/' + pool.pool());
    if (known == null || known.pool != pool || known.pins != pins) {
      known = new Assigned(pool, pins, assign(pool, pins));
      byPool.put(model + '/' + pool.pool(), known);
    }
    return known.owners;
  }

  private static Owners assign(PoolSeats pool, List<Pin> pins) {
    @Nullable TenantId[] owners = new @Nullable TenantId[pool.size()];
    int free = owners.length;
    for (Pin pin : pins) {
      for (int taken = 0; taken < pin.replicas() && free > 1; taken++, free--) {
        owners[best(pool, owners, pin.tenant())] = pin.tenant();
      }
    }
    return free == owners.length ? Owners.NOBODY : new Owners(owners);
  }

  private static int best(PoolSeats pool, @Nullable TenantId[] owners, TenantId tenant) {
    int best = -1;
    long highest = 0;
    for (int i = 0; i < owners.length; i++) {
      long hash = hash(tenant.value() + '/' + pool.seat(i).worker().id());
      if (owners[i] == null && (best < 0 || hash > highest)) {
        best = i;
        highest = hash;
      }
    }
    return best;
  }

  /** FNV-1a of 64 bits, with the finalizer of MurmurHash3. */
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
    return hash ^ hash >>> 33;
  }
}
