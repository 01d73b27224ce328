package dev.cofferdam.metering.cost.kafka;

import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.metering.cost.HourBook;
import dev.cofferdam.proto.admin.v1.Pool;
import java.time.Instant;

/** Keeps the hours of the nodes that pools are configured to have. */
public final class ConfiguredHours {
  private final ConfigView<Pool> pools;
  private final HourBook book;

  /** The view stays the caller's. */
  public ConfiguredHours(ConfigView<Pool> pools, HourBook book) {
    this.pools = pools;
    this.book = book;
  }

  /** Keeps the hours up to now. */
  public void keep(Instant now) {
    book.keep(
        pools.snapshot().values().stream()
            .filter(Pool::hasNodeCost)
            .map(
                pool ->
                    new HourBook.Nodes(
                        pool.getId(),
                        pool.getNodeCost().getNodes(),
                        pool.getNodeCost().getCurrency(),
                        pool.getNodeCost().getMicrosPerHour()))
            .toList(),
        now);
  }
}
