package dev.cofferdam.router.routing;

import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.fleet.WorkerLoad;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrivacyPolicy;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Tenants, workers and requests. */
final class Samples {
  private Samples() {}

  static TenantProfile tenant(
      TenantId id,
      Tier tier,
      TenantProfile.Status status,
      int isolationLevel,
      Set<String> pools,
      Optional<String> dedicated) {
    return new TenantProfile(
        id,
        tier,
        status,
        Tier.STANDARD.limits(),
        isolationLevel,
        Set.of(),
        pools,
        dedicated,
        Set.of(WorkloadClass.INTERACTIVE, WorkloadClass.STANDARD),
        false,
        false,
        30,
        PrivacyPolicy.OFF,
        0,
        Optional.empty());
  }

  static TenantProfile tenant(TenantId id, Tier tier) {
    return tenant(id, tier, TenantProfile.Status.ACTIVE, 1, Set.of(), Optional.empty());
  }

  /** A worker of 8 slots that serves the model "m". */
  static Worker worker(
      String id, int number, String pool, String zone, String tenant, WorkerLoad load) {
    return new Worker(id, number, 1, pool, "127.0.0.1:1", Set.of("m"), 16, zone, tenant, 0, load);
  }

  static WorkerLoad load(int running, boolean draining) {
    return new WorkerLoad(true, running, 8, 100, 100, Set.of(), draining, Map.of());
  }

  /** A request for the model "m". */
  static Envelope request(
      TenantId tenant, String adapter, String version, int generated, Set<String> excluded) {
    return new Envelope(
        RequestId.random(),
        1,
        Operation.GENERATE,
        tenant,
        "m",
        adapter,
        WorkloadClass.INTERACTIVE,
        64,
        generated,
        100,
        List.of(),
        version,
        1_000,
        excluded);
  }

  static Envelope request(TenantId tenant) {
    return request(tenant, "", "", 0, Set.of());
  }
}
