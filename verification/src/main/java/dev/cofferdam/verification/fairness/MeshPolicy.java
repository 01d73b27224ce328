package dev.cofferdam.verification.fairness;

import dev.cofferdam.proto.admin.v1.Tenant;
import java.util.Locale;

/** How A and B share the mesh; each is a setting that an operator could make. */
enum MeshPolicy {
  /** Both are one tenant to the mesh, whose requests keep their order. */
  FIFO("first come, first served"),
  /** Each may send less than half of what is served, so that nothing has to wait. */
  RATE_LIMITS("rate limits only"),
  /** Equal weights. */
  FAIR_1_1("fair 1:1"),
  /** A's weight is twice that of B. */
  FAIR_2_1("fair 2:1"),
  /** A is pinned to a worker of its own; B has the other one. */
  DEDICATED("dedicated");

  private final String label;

  MeshPolicy(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }

  String metric() {
    return name().toLowerCase(Locale.ROOT);
  }

  double weightOfA() {
    return this == FAIR_2_1 ? 2 : 1;
  }

  /**
   * @param perMinute requests that a tenant may send where rates are limited
   */
  Tenant.Builder a(Tenant.Builder tenant, int perMinute) {
    return switch (this) {
      case RATE_LIMITS -> limited(tenant, perMinute);
      case DEDICATED -> tenant.setPinnedReplicas(1);
      case FIFO, FAIR_1_1, FAIR_2_1 -> tenant;
    };
  }

  Tenant.Builder b(Tenant.Builder tenant, int perMinute) {
    return switch (this) {
      case RATE_LIMITS -> limited(tenant, perMinute);
      case FAIR_2_1 -> tenant.setLimits(tenant.getLimits().toBuilder().setPriority(2));
      case FIFO, FAIR_1_1, DEDICATED -> tenant;
    };
  }

  private static Tenant.Builder limited(Tenant.Builder tenant, int perMinute) {
    return tenant.setLimits(
        tenant.getLimits().toBuilder()
            .setRequestsPerMinute(perMinute)
            .setBurstPerMinute(perMinute)
            .setBurstRequests(perMinute / 60));
  }
}
