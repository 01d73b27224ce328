package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.storage.StorageRounds;
import dev.cofferdam.gateway.storage.Stored;
import dev.cofferdam.gateway.storage.postgres.PostgresStorage;
import dev.cofferdam.gateway.tenancy.postgres.TenantDatabase;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KeptFacts;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the ledger what tenants keep in the gateway's database, on a thread of its own. With these
 * figures every one of 18,000 tenants has its turn in each hour.
 */
final class StorageReports implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StorageReports.class);
  private static final int TENANTS_PER_STEP = 50;
  private static final long STEP_S = 10;

  private final ConfigView<Tenant> tenants;
  private final InstantSource clock;
  private final KeptFacts facts;
  private final StorageRounds rounds;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("storage-reports").factory());

  /** View and publisher stay the caller's. */
  StorageReports(
      TenantDatabase database,
      ConfigView<Tenant> tenants,
      FactPublisher publisher,
      InstantSource clock) {
    this.tenants = tenants;
    this.clock = clock;
    this.facts = new KeptFacts(publisher);
    this.rounds = new StorageRounds(new PostgresStorage(database), this::tell, TENANTS_PER_STEP);
    var unused = thread.scheduleWithFixedDelay(this::step, STEP_S, STEP_S, TimeUnit.SECONDS);
  }

  private void step() {
    try {
      rounds.step(
          tenants.snapshot().keySet().stream().map(TenantId::new).toList(), clock.instant());
    } catch (RefusedException e) {
      LOG.debug("the database is away or busy: {}", e.getMessage());
    } catch (RuntimeException e) {
      LOG.warn("what tenants keep is not told yet: {}", e.getMessage());
    }
  }

  private void tell(TenantId tenant, Stored stored, Instant now) {
    stored
        .bytes()
        .forEach(
            (name, bytes) ->
                facts.tell(KeptFacts.Thing.storage(tenant, stored.database(), name), bytes, now));
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
