package dev.cofferdam.scheduler.tenancy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GuaranteeRulesTest {
  private static Tenant.Builder tenant(String id, long bytes) {
    return Tenant.newBuilder()
        .setId(id)
        .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
        .setLimits(LimitOverrides.newBuilder().setKvBytesGuaranteed(bytes));
  }

  private static Map<String, Long> in(String pool, String owner, Tenant.Builder... tenants) {
    Optional<Pool> record =
        owner.isEmpty()
            ? Optional.empty()
            : Optional.of(Pool.newBuilder().setId(pool).setDedicatedTenant(owner).build());
    return GuaranteeRules.of(
            pool, record, List.of(tenants).stream().map(Tenant.Builder::build).toList())
        .bytes();
  }

  @Test
  void aGuaranteeHoldsInEverySharedPoolThatTheTenantMayUse() {
    assertThat(
            in(
                "shared",
                "",
                tenant("everywhere", 1),
                tenant("named", 2).addPoolsAllowed("shared"),
                tenant("elsewhere", 3).addPoolsAllowed("other"),
                tenant("none", 0)))
        .isEqualTo(Map.of("everywhere", 1L, "named", 2L));
  }

  @Test
  void aDedicatedPoolKeepsNothingForOthersAndItsTenantNothingElsewhere() {
    Tenant.Builder owner = tenant("owner", 5).setDedicatedPool("mine");
    assertThat(in("mine", "owner", owner, tenant("other", 7))).isEqualTo(Map.of("owner", 5L));
    assertThat(in("shared", "", owner)).isEmpty();
  }

  @Test
  void aSuspendedTenantIsSureOfNothing() {
    assertThat(in("shared", "", tenant("t", 1).setStatus(TenantStatus.TENANT_STATUS_SUSPENDED)))
        .isEmpty();
  }
}
