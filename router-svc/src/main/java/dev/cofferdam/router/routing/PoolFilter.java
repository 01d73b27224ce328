package dev.cofferdam.router.routing;

import dev.cofferdam.router.tenancy.Directory.PoolRecord;
import dev.cofferdam.router.tenancy.Directory.ServedModel;
import dev.cofferdam.vocabulary.TenantProfile;

/**
 * Which pools a request may be placed on. A tenant with a dedicated pool is placed there and
 * nowhere else; nobody else is placed on it.
 */
final class PoolFilter {
  private PoolFilter() {}

  /** Whether a request of this tenant may be placed on the pool. */
  static boolean allows(
      TenantProfile tenant, ServedModel model, Envelope request, PoolRecord pool) {
    return owns(tenant, model, pool)
        && (pool.workloadClasses().isEmpty()
            || pool.workloadClasses().contains(request.workloadClass()))
        && (pool.contextTokensMax() == 0 || request.contextTokens() <= pool.contextTokensMax());
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
