package dev.cofferdam.metering.cost.kafka;

import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.metering.cost.HourBook;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;

/** Keeps the hours of what pools and adapters are configured. */
public final class ConfiguredHours {
  private final ConfigView<Pool> pools;
  private final ConfigView<Adapter> adapters;
  private final HourBook book;

  /** The views stay the caller's. */
  public ConfiguredHours(ConfigView<Pool> pools, ConfigView<Adapter> adapters, HourBook book) {
    this.pools = pools;
    this.adapters = adapters;
    this.book = book;
  }

  /** Keeps the hours up to now, unless the configuration is not known yet. */
  public void keep(Instant now) {
    if (!pools.caughtUp() || !adapters.caughtUp()) {
      return;
    }
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
        adapters.snapshot().values().stream()
            .map(
                adapter ->
                    new HourBook.Adapter(
                        new TenantId(adapter.getTenant()),
                        adapter.getModel(),
                        adapter.getName(),
                        Instant.ofEpochSecond(adapter.getCreatedEpochS())))
            .toList(),
        now);
  }
}
