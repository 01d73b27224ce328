package dev.cofferdam.scheduler.tenancy.kafka;

import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.scheduler.ledger.Guarantees;
import dev.cofferdam.scheduler.tenancy.GuaranteeRules;
import java.nio.file.Path;

/** What tenants are sure of, as their records say now. */
public final class TopicGuarantees implements AutoCloseable {
  private final ConfigView<Tenant> tenants;
  private final ConfigView<Pool> pools;

  /**
   * Opens the views; they fill in the background, from snapshots in the folder where Kafka is away.
   */
  public TopicGuarantees(KafkaSettings kafka, Path snapshots) {
    tenants =
        ConfigView.open(
            kafka, Topics.TENANTS, Tenant.parser(), snapshots.resolve("tenants.snapshot"));
    pools =
        ConfigView.open(kafka, Topics.POOLS, Pool.parser(), snapshots.resolve("pools.snapshot"));
  }

  /** What tenants are sure of in a pool. */
  public Guarantees of(String pool) {
    return GuaranteeRules.of(pool, pools.get(pool), tenants.snapshot().values());
  }

  /** Runs something after each change, on a thread of a view. */
  public void onChange(Runnable listener) {
    tenants.onChange(listener);
    pools.onChange(listener);
  }

  @Override
  public void close() {
    tenants.close();
    pools.close();
  }
}
