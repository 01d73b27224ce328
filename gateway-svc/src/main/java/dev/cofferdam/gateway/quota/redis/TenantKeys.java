package dev.cofferdam.gateway.quota.redis;

import dev.cofferdam.vocabulary.TenantId;
import java.util.List;

/** Names of a tenant's keys; the hash tag keeps them on one node of a cluster. */
final class TenantKeys {
  private TenantKeys() {}

  /** Keys in the order that the scripts expect. */
  static List<String> of(TenantId tenant, String model) {
    String prefix = "cofferdam:{" + tenant.value() + "}:";
    return List.of(
        prefix + "requests",
        prefix + "requests:" + model,
        prefix + "tokens",
        prefix + "amounts",
        prefix + "leases",
        prefix + "spent");
  }
}
