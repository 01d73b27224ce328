package dev.cofferdam.router.routing;

import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.tenancy.Directory.PoolRecord;
import dev.cofferdam.router.tenancy.Directory.ServedModel;
import dev.cofferdam.vocabulary.TenantProfile;
import java.util.Set;

/**
 * Which pools and workers a request may be placed on. A tenant with a dedicated pool is placed
 * there and nowhere else; nobody else is placed on it. A worker that is bound to a tenant serves
 * nobody else, whatever its pool's record says, and a tenant of isolation level 3 (process) or 4
 * (part of a GPU) is served by workers that are bound to it and by no others.
 */
final class PoolFilter {
  private static final Set<Integer> BOUND_LEVELS = Set.of(3, 4);

  private PoolFilter() {}

  /** Whether a request of this tenant may be placed on the pool. */
  static boolean allows(
      TenantProfile tenant, ServedModel model, Envelope request, PoolRecord pool) {
    return owns(tenant, model, pool)
        && (pool.workloadClasses().isEmpty()
            || pool.workloadClasses().contains(request.workloadClass()))
        && (pool.contextTokensMax() == 0 || request.contextTokens() <= pool.contextTokensMax());
  }

  /** Whether a request of this tenant may be placed on the worker. */
  static boolean allows(TenantProfile tenant, Worker worker) {
    return worker.tenant().isEmpty()
        ? !BOUND_LEVELS.contains(tenant.isolationLevel())
        : worker.tenant().equals(tenant.id().value());
  }

  private static boolean owns(TenantProfile tenant, ServedModel model, PoolRecord pool) {
    if (tenant.dedicatedPool().isPresent()) {
      return tenant.dedicatedPool().get().equals(pool.id())
          && pool.dedicatedTenant().map(t -> t.equals(tenant.id())).orElse(false);
    }
    return pool.dedicatedTenant().isEmpty()
        && (model.pools().isEmpty() || model.pools().contains(pool.id()))
        && (tenant.poolsAllowed().isEmpty() || tenant.poolsAllowed().contains(pool.id()));
  }
}
