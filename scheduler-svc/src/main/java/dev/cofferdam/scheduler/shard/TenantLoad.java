package dev.cofferdam.scheduler.shard;

import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.ledger.Lease;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a tenant has in a pool at one moment.
 *
 * @param tenant the tenant
 * @param tier its tier
 * @param waiting requests that wait for their first grant
 * @param running requests that hold leases, preempted ones among them
 * @param kvBytes KV memory of their leases
 */
public record TenantLoad(String tenant, String tier, int waiting, int running, long kvBytes) {

  static List<TenantLoad> of(Collection<PoolRequest> waiting, Collection<Lease> leases) {
    Map<String, TenantLoad> loads = new HashMap<>();
    for (PoolRequest request : waiting) {
      add(loads, request, 1, 0, 0);
    }
    for (Lease lease : leases) {
      add(loads, lease.request(), 0, 1, lease.kvBytes());
    }
    return List.copyOf(loads.values());
  }

  private static void add(
      Map<String, TenantLoad> loads, PoolRequest request, int waiting, int running, long kvBytes) {
    String tenant = request.tenant().value();
    loads.merge(
        tenant,
        new TenantLoad(tenant, request.tier(), waiting, running, kvBytes),
        TenantLoad::plus);
  }

  /** The sum of two, under the first one's name. */
  public TenantLoad plus(TenantLoad more) {
    return new TenantLoad(
        tenant, tier, waiting + more.waiting, running + more.running, kvBytes + more.kvBytes);
  }
}
