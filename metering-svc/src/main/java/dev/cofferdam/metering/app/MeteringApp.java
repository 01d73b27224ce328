package dev.cofferdam.metering.app;

import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.ParentWatch;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.kafka.AuditedViolations;
import dev.cofferdam.mesh.kafka.FactConsumer;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.RefusedCalls;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.mesh.store.UnstorableException;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.metering.api.grpc.UsageEndpoint;
import dev.cofferdam.metering.kept.kafka.KeptIntake;
import dev.cofferdam.metering.kept.postgres.PostgresKeptBook;
import dev.cofferdam.metering.ledger.Housekeeping;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.ledger.postgres.PostgresClosings;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import dev.cofferdam.metering.ledger.postgres.PostgresUsageViews;
import dev.cofferdam.metering.ledger.postgres.UsageMonths;
import dev.cofferdam.proto.metering.v1.Invoice;
import dev.cofferdam.proto.metering.v1.InvoiceLine;
import io.agroal.api.AgroalDataSource;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Life of metering-svc: the query service opens at once, the consumer as soon as the database is
 * there and migrated.
 */
@ApplicationScoped
@RegisterForReflection( // JSON of invoices; what Parquet packs numbers by
    targets = {Invoice.class, Invoice.Builder.class, InvoiceLine.class, InvoiceLine.Builder.class},
    classNames = {
      "org.apache.parquet.column.values.bitpacking.LemireBitPackingBE",
      "org.apache.parquet.column.values.bitpacking.LemireBitPackingLE",
      "org.apache.parquet.column.values.bitpacking.ByteBitPackingBE",
      "org.apache.parquet.column.values.bitpacking.ByteBitPackingLE",
      "org.apache.parquet.column.values.bitpacking.ByteBitPackingForLongBE",
      "org.apache.parquet.column.values.bitpacking.ByteBitPackingForLongLE"
    })
public class MeteringApp {
  private static final Logger LOG = LoggerFactory.getLogger(MeteringApp.class);
  private static final String GROUP = "metering";
  private static final long RETRY_MS = 500;
  private static final long BUDGETS_S = 5;
  private static final long HOUSE_TURNS = 6;

  /** Facts that wait, from which on the books stay open for them. */
  private static final long BEHIND_RECORDS = 10_000;

  private final MeteringConfig config;
  private final AgroalDataSource database;
  private final Flyway flyway;
  private final MeteringMetrics metrics;
  private final Housekeeping house;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private volatile @Nullable MeshServer server;
  private volatile @Nullable FactPublisher publisher;
  private volatile @Nullable Billing billing;
  private volatile List<FactConsumer> consumers = List.of();
  private volatile Optional<FactConsumer> kept = Optional.empty();

  public MeteringApp(
      MeteringConfig config, AgroalDataSource database, Flyway flyway, MeteringMetrics metrics) {
    this.config = config;
    this.database = database;
    this.flyway = flyway;
    this.metrics = metrics;
    this.house =
        new Housekeeping(
            new PostgresClosings(database),
            new UsageMonths(database),
            new Housekeeping.Rules(
                Duration.ofMinutes(config.ledger().closeAfterMinutes()),
                config.ledger().retentionMonths()));
  }

  void start(@Observes StartupEvent event) {
    ParentWatch.startIfAsked();
    TlsFiles identity =
        new TlsFiles(config.tls().certificate(), config.tls().key(), config.tls().trust());
    KafkaSettings kafka = KafkaSettings.of(config.kafka().properties(), identity);
    FactPublisher facts =
        FactPublisher.open(
            kafka, GROUP, config.stateDir().resolve("spool"), config.spoolBytesMax());
    publisher = facts;
    Violation.Recorder audited = new AuditedViolations(facts, Clock.systemUTC(), "usage");
    Violation.Recorder violations =
        violation -> {
          metrics.violation();
          audited.record(violation);
        };
    Billing bills = Billing.open(config, kafka, database, violations);
    billing = bills;
    server =
        MeshServer.builder(config.trustDomain(), identity)
            .listen(config.listen().host(), config.listen().port())
            .onRefused(new RefusedCalls(facts, InstantSource.system()))
            .service(new UsageEndpoint(new PostgresUsageViews(database), violations))
            .service(bills.invoices())
            .service(bills.costs())
            .service(bills.focus())
            .start();
    metrics.watch(this::lag, this::lostOffsets, this::storeAway);
    Thread.ofPlatform().daemon().name("metering-start").start(() -> consume(kafka));
  }

  private void consume(KafkaSettings kafka) {
    try {
      while (!migrated()) {
        if (stopping.await(RETRY_MS, TimeUnit.MILLISECONDS)) {
          return;
        }
      }
      Billing bills = billing;
      if (bills != null) {
        bills.keepHours();
      }
      // How much waits is not known yet.
      keepHouse(true);
      consumers =
          Stream.generate(() -> consumer(kafka)).limit(config.ledger().consumers()).toList();
      kept = Optional.of(keptConsumer(kafka));
      while (!consuming()) {
        if (stopping.await(50, TimeUnit.MILLISECONDS)) {
          return;
        }
      }
      LOG.info("metering ready on {}:{}", config.listen().host(), config.listen().port());
      watch();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What is to be done again and again, until the end. */
  private void watch() throws InterruptedException {
    FactPublisher facts = publisher;
    Billing bills = billing;
    if (facts == null || bills == null) {
      return;
    }
    Budgeting budgets =
        new Budgeting(bills.tenants(), bills.rates(), database, facts, config.spoolBytesMax() / 2);
    for (long turn = 1; !stopping.await(BUDGETS_S, TimeUnit.SECONDS); turn++) {
      try {
        if (bills.knowsConfiguration()) {
          budgets.step(Instant.now());
        }
      } catch (RuntimeException e) {
        LOG.warn("budgets are not watched, trying again: {}", e.getMessage());
      }
      if (turn % HOUSE_TURNS == 0) {
        keepHouse(lag() > BEHIND_RECORDS);
      }
    }
  }

  private FactConsumer consumer(KafkaSettings kafka) {
    return FactConsumer.open(
        kafka,
        Topics.USAGE,
        GROUP,
        new LedgerIntake(Topics.USAGE, new PostgresLedger(database), Clock.systemUTC(), metrics));
  }

  private FactConsumer keptConsumer(KafkaSettings kafka) {
    return FactConsumer.open(
        kafka,
        Topics.KEPT,
        GROUP,
        new KeptIntake(
            Topics.KEPT, new PostgresKeptBook(database), Clock.systemUTC(), metrics::rejected));
  }

  private void keepHouse(boolean behind) {
    try {
      house.step(Instant.now(), behind);
    } catch (StoreUnavailableException | UnstorableException e) {
      LOG.warn("the ledger's house is not kept, trying again: {}", e.getMessage());
    }
  }

  private boolean migrated() {
    try {
      flyway.migrate();
      if (!new PostgresUsageViews(database).isConfined()) {
        LOG.warn(
            "the database's user passes row-level security: give the service one that does not");
      }
      return true;
    } catch (FlywayValidateException e) {
      LOG.error("the database was migrated by another version of this service: {}", e.getMessage());
      Quarkus.asyncExit(1);
      return false;
    } catch (FlywayException | StoreUnavailableException e) {
      LOG.warn("the database cannot be migrated yet, trying again: {}", e.getMessage());
      return false;
    }
  }

  void stop(@Observes ShutdownEvent event) {
    stopping.countDown();
    Stream.concat(consumers.stream(), kept.stream()).parallel().forEach(FactConsumer::close);
    MeshServer serving = server;
    if (serving != null) {
      serving.stop(2_000);
    }
    Billing bills = billing;
    if (bills != null) {
      bills.close();
    }
    FactPublisher publishing = publisher;
    if (publishing != null) {
      publishing.close();
    }
  }

  /** Whether facts are being read and stored; Kafka parts them anew among those that join later. */
  boolean consuming() {
    return consumers.stream().anyMatch(FactConsumer::ready);
  }

  private long lag() {
    return consumers.stream().mapToLong(FactConsumer::lag).sum();
  }

  private long lostOffsets() {
    return consumers.stream().mapToLong(FactConsumer::lostOffsets).sum();
  }

  private int storeAway() {
    return consumers.stream().anyMatch(FactConsumer::storeAway) ? 1 : 0;
  }
}
