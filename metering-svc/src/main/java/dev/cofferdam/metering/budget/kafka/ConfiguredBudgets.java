package dev.cofferdam.metering.budget.kafka;

import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.wire.TenantRecords;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Budgets in force, as the tenants' records and tiers say. */
public final class ConfiguredBudgets {
  private static final Logger LOG = LoggerFactory.getLogger(ConfiguredBudgets.class);

  private ConfiguredBudgets() {}

  /** The budgets of all tenants; of one whose record does not hold, none. */
  public static Map<TenantId, Budgets> of(ConfigView<Tenant> tenants) {
    Map<TenantId, Budgets> budgets = new HashMap<>();
    tenants
        .snapshot()
        .forEach(
            (key, record) -> {
              try {
                TenantProfile profile = TenantRecords.profile(record);
                budgets.put(profile.id(), profile.limits().budgets());
              } catch (IllegalArgumentException e) {
                LOG.warn("a tenant's record does not hold: {}", e.getMessage());
              }
            });
    return budgets;
  }
}
