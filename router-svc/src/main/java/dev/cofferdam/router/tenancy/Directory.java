package dev.cofferdam.router.tenancy;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What the router knows of tenants, models, adapters and pools: its own view of the mesh's
 * configuration.
 */
public interface Directory {

  /** Whether the view is complete enough to refuse by. */
  boolean ready();

  /** A tenant. */
  Optional<TenantProfile> tenant(TenantId id);

  /** A model. */
  Optional<ServedModel> model(String id);

  /** The models some of whose conversations a model answers. */
  default List<ServedModel> shiftedTo(String id) {
    return List.of();
  }

  /**
   * The current version of a tenant's own adapter; empty for an unknown one and for another
   * tenant's.
   */
  Optional<OwnedAdapter> adapter(TenantId owner, String name);

  /** Tenants that have replicas of their own in shared pools, by id. */
  List<Pin> pins();

  /** A pool's record; empty for one that has none, which is shared and unrestricted. */
  Optional<PoolRecord> pool(String id);

  /**
   * A model.
   *
   * @param id its id
   * @param contextTokensMax largest sum of input and output tokens
   * @param pools shared pools that serve it; empty: all
   * @param restricted only tenants that name it may use it
   */
  record ServedModel(String id, int contextTokensMax, Set<String> pools, boolean restricted) {}

  /**
   * An adapter.
   *
   * @param name its name
   * @param model its base model
   * @param version content digest of the current version
   * @param rollout another version beside it
   */
  record OwnedAdapter(String name, String model, String version, Optional<Rollout> rollout) {
    /** Whether a version is the current one or the rollout's, running or ended. */
    public boolean has(String asked) {
      return asked.equals(version) || rollout.map(r -> r.version().equals(asked)).orElse(false);
    }
  }

  /**
   * Another version of an adapter.
   *
   * @param version content digest
   * @param running whether conversations get it
   * @param gates when it is to be rolled back
   */
  record Rollout(String version, boolean running, RolloutGates gates) {}

  /**
   * A tenant that has replicas of its own.
   *
   * @param tenant the tenant
   * @param replicas how many workers of each shared pool
   */
  record Pin(TenantId tenant, int replicas) {}

  /**
   * A pool.
   *
   * @param id its id
   * @param dedicatedTenant the only tenant that may be placed on it
   * @param workloadClasses classes that may be placed on it; empty: all
   * @param contextTokensMax largest context that may be placed on it; 0: no bound of its own
   */
  record PoolRecord(
      String id,
      Optional<TenantId> dedicatedTenant,
      Set<WorkloadClass> workloadClasses,
      int contextTokensMax) {

    /** A pool without a record. */
    public static PoolRecord shared(String id) {
      return new PoolRecord(id, Optional.empty(), Set.of(), 0);
    }
  }
}
