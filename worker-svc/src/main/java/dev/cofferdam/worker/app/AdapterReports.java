package dev.cofferdam.worker.app;

import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KeptFacts;
import dev.cofferdam.worker.serving.AdapterShelf;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the ledger which adapters are in memory, each once an hour, on a thread of its own. */
final class AdapterReports implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AdapterReports.class);
  private static final long LOOK_S = 10;

  private final AdapterShelf shelf;
  private final KeptFacts facts;
  private final InstantSource clock;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("adapter-reports").factory());

  /** The publisher stays the caller's. */
  AdapterReports(AdapterShelf shelf, FactPublisher publisher, InstantSource clock) {
    this.shelf = shelf;
    this.facts = new KeptFacts(publisher);
    this.clock = clock;
    var unused = thread.scheduleWithFixedDelay(this::look, LOOK_S, LOOK_S, TimeUnit.SECONDS);
  }

  private void look() {
    try {
      Instant now = clock.instant();
      for (AdapterShelf.Resident adapter : shelf.resident()) {
        facts.tell(
            KeptFacts.Thing.adapter(adapter.tenant(), adapter.model(), adapter.name()),
            adapter.bytes(),
            now);
      }
    } catch (RuntimeException e) {
      LOG.warn("adapters in memory are not told yet: {}", e.getMessage());
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
