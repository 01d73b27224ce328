package dev.cofferdam.verification.simulation;

import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.vocabulary.PrivacyPolicy;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The configuration: tenants of each tier on a shared pool, and one with a pool of its own. One
 * model, one adapter for each tenant.
 */
final class Book implements Directory {
  static final String MODEL = "m";
  static final String SHARED = "shared";
  static final String GOLD_POOL = "gold";
  static final TenantId GOLD = new TenantId("gold");
  static final List<TenantId> TENANTS =
      List.of(
          new TenantId("free"),
          new TenantId("standard"),
          new TenantId("second"),
          new TenantId("large"),
          GOLD);

  /** Two of the same weight, one beside the other. */
  static final TenantId QUIET = TENANTS.get(1);

  static final TenantId NOISY = TENANTS.get(2);

  private final Map<TenantId, TenantProfile> tenants = new HashMap<>();

  Book() {
    for (TenantId id : TENANTS) {
      tenants.put(id, profile(id));
    }
  }

  private static TenantProfile profile(TenantId id) {
    Tier tier =
        switch (id.value()) {
          case "free" -> Tier.FREE;
          case "standard", "second" -> Tier.STANDARD;
          default -> Tier.ENTERPRISE;
        };
    return new TenantProfile(
        id,
        tier,
        TenantProfile.Status.ACTIVE,
        tier.limits(),
        tier.isolationLevel(),
        Set.of(),
        Set.of(),
        id.equals(GOLD) ? Optional.of(GOLD_POOL) : Optional.empty(),
        EnumSet.allOf(WorkloadClass.class),
        false,
        false,
        30,
        PrivacyPolicy.OFF,
        0,
        Optional.empty());
  }

  @Override
  public boolean ready() {
    return true;
  }

  @Override
  public Optional<TenantProfile> tenant(TenantId id) {
    return Optional.ofNullable(tenants.get(id));
  }

  @Override
  public Optional<ServedModel> model(String id) {
    return id.equals(MODEL)
        ? Optional.of(new ServedModel(MODEL, 4_096, Set.of(), false))
        : Optional.empty();
  }

  @Override
  public Optional<OwnedAdapter> adapter(TenantId owner, String name) {
    return Optional.of(new OwnedAdapter(name, MODEL, "v1", Optional.empty()));
  }

  @Override
  public List<Pin> pins() {
    return List.of();
  }

  @Override
  public Optional<PoolRecord> pool(String id) {
    return Optional.of(
        new PoolRecord(
            id, id.equals(GOLD_POOL) ? Optional.of(GOLD) : Optional.empty(), Set.of(), 0));
  }
}
