package dev.cofferdam.mesh.kafka;

import dev.cofferdam.vocabulary.SpiffeId.Role;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The mesh's topics, how they are created, and who may write and read them: nobody else. */
public final class Topics {
  /** Usage facts, keyed by tenant. */
  public static final String USAGE = "cofferdam.usage.v1";

  /** What tenants keep, hour by hour, keyed by tenant. */
  public static final String KEPT = "cofferdam.kept.v1";

  /** Audit facts, keyed by tenant. */
  public static final String AUDIT = "cofferdam.audit.v1";

  /** Requests of which two workers failed or died, keyed by tenant; without content. */
  public static final String DEAD_LETTERS = "cofferdam.dead-letters.v1";

  /** Tenants by id. */
  public static final String TENANTS = "cofferdam.config.tenants.v1";

  /** Verifiers of API keys by key id. */
  public static final String API_KEYS = "cofferdam.config.api-keys.v1";

  /** Models by id. */
  public static final String MODELS = "cofferdam.config.models.v1";

  /** Adapters by "tenant/name". */
  public static final String ADAPTERS = "cofferdam.config.adapters.v1";

  /** Pools by id. */
  public static final String POOLS = "cofferdam.config.pools.v1";

  /** Rate cards by id. */
  public static final String RATE_CARDS = "cofferdam.config.rate-cards.v1";

  /** What the ledger says that tenants have spent of their budgets, by tenant. */
  public static final String BUDGETS = "cofferdam.budgets.v1";

  /** All topics. */
  public static final List<Spec> ALL =
      List.of(
          facts(USAGE, Set.of(Role.WORKER, Role.SCHEDULER), Set.of(Role.METERING, Role.ROUTER)),
          facts(KEPT, Set.of(Role.GATEWAY, Role.WORKER), Set.of(Role.METERING)),
          facts(
              AUDIT,
              Set.of(
                  Role.GATEWAY,
                  Role.ROUTER,
                  Role.SCHEDULER,
                  Role.WORKER,
                  Role.METERING,
                  Role.AUDIT),
              Set.of(Role.AUDIT)),
          facts(DEAD_LETTERS, Set.of(Role.GATEWAY), Set.of(Role.OPERATOR)),
          configuration(
              TENANTS,
              Set.of(Role.GATEWAY, Role.ROUTER, Role.SCHEDULER, Role.METERING, Role.AUDIT)),
          configuration(API_KEYS, Set.of(Role.GATEWAY)),
          configuration(MODELS, Set.of(Role.GATEWAY, Role.ROUTER)),
          configuration(ADAPTERS, Set.of(Role.GATEWAY, Role.ROUTER)),
          configuration(POOLS, Set.of(Role.GATEWAY, Role.ROUTER, Role.SCHEDULER, Role.METERING)),
          configuration(RATE_CARDS, Set.of(Role.GATEWAY, Role.METERING)),
          latest(BUDGETS, Set.of(Role.METERING), Set.of(Role.GATEWAY)));

  private Topics() {}

  /**
   * How a topic is created.
   *
   * @param name its name
   * @param partitions number of partitions
   * @param configuration topic-level configuration
   * @param writers services that may write it
   * @param readers services that may read it
   */
  public record Spec(
      String name,
      int partitions,
      Map<String, String> configuration,
      Set<Role> writers,
      Set<Role> readers) {
    public Spec {
      configuration = Map.copyOf(configuration);
      writers = Set.copyOf(writers);
      readers = Set.copyOf(readers);
    }
  }

  private static Spec facts(String name, Set<Role> writers, Set<Role> readers) {
    return new Spec(
        name, 4, Map.of("cleanup.policy", "delete", "retention.ms", "604800000"), writers, readers);
  }

  private static Spec configuration(String name, Set<Role> readers) {
    return latest(name, Set.of(Role.GATEWAY), readers);
  }

  private static Spec latest(String name, Set<Role> writers, Set<Role> readers) {
    // One partition: changes of several records are seen in the order in which they were made.
    return new Spec(
        name,
        1,
        Map.of(
            "cleanup.policy", "compact",
            "min.cleanable.dirty.ratio", "0.05",
            "segment.ms", "600000",
            "delete.retention.ms", "86400000"),
        writers,
        readers);
  }
}
