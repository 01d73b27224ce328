package dev.cofferdam.scheduler.tenancy;

import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.scheduler.ledger.Guarantees;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * In which pools a tenant's guarantee holds: in its dedicated one, or else in every shared one that
 * it may use. Suspended tenants have none.
 */
public final class GuaranteeRules {
  private GuaranteeRules() {}

  /**
   * What tenants are sure of in a pool.
   *
   * @param record the pool's record, where there is one
   */
  public static Guarantees of(String pool, Optional<Pool> record, Collection<Tenant> tenants) {
    String owner = record.map(Pool::getDedicatedTenant).orElse("");
    Map<String, Long> bytes = new HashMap<>();
    for (Tenant tenant : tenants) {
      long wanted = tenant.getLimits().getKvBytesGuaranteed();
      if (wanted > 0
          && tenant.getStatus() != TenantStatus.TENANT_STATUS_SUSPENDED
          && mayRun(tenant, pool, owner)) {
        bytes.put(tenant.getId(), wanted);
      }
    }
    return new Guarantees(bytes);
  }

  private static boolean mayRun(Tenant tenant, String pool, String owner) {
    if (!tenant.getDedicatedPool().isEmpty()) {
      return tenant.getDedicatedPool().equals(pool) && tenant.getId().equals(owner);
    }
    return owner.isEmpty()
        && (tenant.getPoolsAllowedCount() == 0 || tenant.getPoolsAllowedList().contains(pool));
  }
}
