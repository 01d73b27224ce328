package dev.cofferdam.scheduler.tenancy.kafka;

import dev.cofferdam.mesh.kafka.ConfigFeed;
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
  private final ConfigFeed feed;

  /**
   * Opens the views; they fill in the background, from snapshots in the folder where Kafka is away.
   */
  public TopicGuarantees(KafkaSettings kafka, Path snapshots) {
    ConfigFeed.Builder views = ConfigFeed.of(kafka, snapshots);
    tenants = views.view(Topics.TENANTS, Tenant.parser());
    pools = views.view(Topics.POOLS, Pool.parser());
    feed = views.start();
  }

  /** What tenants are sure of in a pool. */
  public Guarantees of(String pool) {
    return GuaranteeRules.of(pool, pools.get(pool), tenants.snapshot().values());
  }

  /** Runs something after each change, on the thread of the views. */
  public void onChange(Runnable listener) {
    tenants.onChange(listener);
    pools.onChange(listener);
  }

  @Override
  public void close() {
    feed.close();
  }
}
