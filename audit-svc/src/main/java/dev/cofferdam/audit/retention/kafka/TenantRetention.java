package dev.cofferdam.audit.retention.kafka;

import dev.cofferdam.mesh.kafka.ConfigFeed;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.TenantRecords;
import java.nio.file.Path;
import java.util.function.ToIntFunction;

/**
 * For how many days records of tenants are kept: as their record says, or their tier. Who has no
 * record any more keeps the longest time of any, as nobody could say that it is over.
 */
public final class TenantRetention implements ToIntFunction<TenantId>, AutoCloseable {
  private final ConfigView<Tenant> tenants;
  private final ConfigFeed feed;
  private final int unknownDays;

  private TenantRetention(ConfigFeed.Builder views, int unknownDays) {
    this.tenants = views.view(Topics.TENANTS, Tenant.parser());
    this.feed = views.start();
    this.unknownDays = unknownDays;
  }

  /**
   * Opens the tenants' records.
   *
   * @param snapshots folder where they are kept between starts
   * @param unknownDays for whom there is no record
   */
  public static TenantRetention open(KafkaSettings kafka, Path snapshots, int unknownDays) {
    return new TenantRetention(ConfigFeed.of(kafka, snapshots), unknownDays);
  }

  @Override
  public int applyAsInt(TenantId tenant) {
    return tenants
        .get(tenant.value())
        .map(record -> TenantRecords.profile(record).retentionDays())
        .orElse(unknownDays);
  }

  @Override
  public void close() {
    feed.close();
  }
}
