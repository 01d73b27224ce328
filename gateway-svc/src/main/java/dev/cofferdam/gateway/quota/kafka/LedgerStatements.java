package dev.cofferdam.gateway.quota.kafka;

import dev.cofferdam.gateway.quota.Spent;
import dev.cofferdam.mesh.kafka.ConfigFeed;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.events.v1.BudgetStated;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Events;
import io.cloudevents.v1.proto.CloudEvent;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hears what the ledger says that tenants have spent: all of it at start, then each change. */
public final class LedgerStatements implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LedgerStatements.class);

  private final ConfigView<CloudEvent> view;
  private final BiConsumer<TenantId, Spent> listener;
  private final ConfigFeed feed;

  private Map<String, CloudEvent> heard = Map.of();

  private LedgerStatements(ConfigFeed.Builder views, BiConsumer<TenantId, Spent> listener) {
    this.view = views.view(Topics.BUDGETS, CloudEvent.parser());
    this.listener = listener;
    view.onChange(this::hear);
    hear();
    this.feed = views.start();
  }

  /**
   * Begins to hear.
   *
   * @param snapshots folder where statements are kept between starts
   * @param listener told of each; must not block
   */
  public static LedgerStatements open(
      KafkaSettings kafka, Path snapshots, BiConsumer<TenantId, Spent> listener) {
    return new LedgerStatements(ConfigFeed.of(kafka, snapshots), listener);
  }

  private synchronized void hear() {
    Map<String, CloudEvent> all = view.snapshot();
    all.forEach(
        (tenant, event) -> {
          if (!event.equals(heard.get(tenant))) {
            hear(event);
          }
        });
    heard = all;
  }

  private void hear(CloudEvent event) {
    try {
      BudgetStated stated =
          Events.parse(event.toByteArray(), BudgetStated.parser(), BudgetStated.class).data();
      listener.accept(
          new TenantId(stated.getTenant()),
          new Spent(
              stated.getDay(),
              stated.getDayTokens(),
              stated.getDayCostMicros(),
              stated.getMonth(),
              stated.getMonthTokens(),
              stated.getMonthCostMicros(),
              0,
              0));
    } catch (IllegalArgumentException e) {
      LOG.warn("a statement of the ledger cannot be read: {}", e.getClass().getSimpleName());
    }
  }

  @Override
  public void close() {
    feed.close();
  }
}
