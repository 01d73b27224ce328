package dev.cofferdam.mesh.kafka;

import java.util.List;
import java.util.Map;

/** The mesh's topics, and how they are created. */
public final class Topics {
  /** Usage facts, keyed by tenant. */
  public static final String USAGE = "cofferdam.usage.v1";

  /** Audit facts, keyed by tenant. */
  public static final String AUDIT = "cofferdam.audit.v1";

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

  /** All topics. */
  public static final List<Spec> ALL =
      List.of(
          facts(USAGE),
          facts(AUDIT),
          configuration(TENANTS),
          configuration(API_KEYS),
          configuration(MODELS),
          configuration(ADAPTERS),
          configuration(POOLS));

  private Topics() {}

  /**
   * How a topic is created.
   *
   * @param name its name
   * @param partitions number of partitions
   * @param configuration topic-level configuration
   */
  public record Spec(String name, int partitions, Map<String, String> configuration) {
    public Spec {
      configuration = Map.copyOf(configuration);
    }
  }

  private static Spec facts(String name) {
    return new Spec(name, 4, Map.of("cleanup.policy", "delete", "retention.ms", "604800000"));
  }

  private static Spec configuration(String name) {
    // One partition: changes of several records are seen in the order in which they were made.
    return new Spec(
        name,
        1,
        Map.of(
            "cleanup.policy", "compact",
            "min.cleanable.dirty.ratio", "0.05",
            "segment.ms", "600000",
            "delete.retention.ms", "86400000"));
  }
}
