package dev.cofferdam.audit.app;

import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.cofferdam.audit.api.Archive;
import dev.cofferdam.audit.api.Reports;
import dev.cofferdam.audit.api.Upkeep;
import dev.cofferdam.audit.api.grpc.AuditEndpoint;
import dev.cofferdam.audit.api.web.AuditPages;
import dev.cofferdam.audit.api.web.LogFiles;
import dev.cofferdam.audit.log.CheckpointIssuer;
import dev.cofferdam.audit.log.file.CheckpointFile;
import dev.cofferdam.audit.log.kafka.LogIntake;
import dev.cofferdam.audit.log.postgres.PostgresAuditLog;
import dev.cofferdam.audit.log.postgres.PostgresCheckpoints;
import dev.cofferdam.audit.log.postgres.PostgresCosignatures;
import dev.cofferdam.audit.log.postgres.PostgresDataKeys;
import dev.cofferdam.audit.log.postgres.PostgresLogCopy;
import dev.cofferdam.audit.log.postgres.PostgresLogFacts;
import dev.cofferdam.audit.log.postgres.PostgresLogReader;
import dev.cofferdam.audit.proof.CosignerKey;
import dev.cofferdam.audit.proof.NoteSigner;
import dev.cofferdam.audit.publication.Publication;
import dev.cofferdam.audit.retention.Housekeeping;
import dev.cofferdam.audit.retention.kafka.AuditedErasures;
import dev.cofferdam.audit.retention.kafka.TenantRetention;
import dev.cofferdam.audit.sealing.KeyRing;
import dev.cofferdam.audit.sealing.file.KeyFiles;
import dev.cofferdam.audit.witness.Cosigning;
import dev.cofferdam.audit.witness.http.HttpWitness;
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
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.mesh.web.WebServer;
import dev.cofferdam.vocabulary.SpiffeId;
import io.agroal.api.AgroalDataSource;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Life of audit-svc: the query service opens at once; the consumer and the signing of checkpoints
 * begin as soon as the database is there and migrated.
 */
@ApplicationScoped
@RegisterForReflection( // JSON of reports
    targets = {
      Struct.class,
      Struct.Builder.class,
      Value.class,
      Value.Builder.class,
      ListValue.class,
      ListValue.Builder.class,
      NullValue.class
    })
public class AuditApp {
  private static final Logger LOG = LoggerFactory.getLogger(AuditApp.class);
  private static final String GROUP = "audit";
  private static final long RETRY_MS = 500;

  private final AuditConfig config;
  private final AgroalDataSource database;
  private final Flyway flyway;
  private final AuditMetrics metrics;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private volatile @Nullable MeshServer server;
  private volatile @Nullable FactPublisher publisher;
  private volatile @Nullable FactConsumer consumer;
  private volatile @Nullable CheckpointLoop signing;
  private volatile @Nullable WitnessLoop witnesses;
  private volatile @Nullable WebServer web;
  private volatile @Nullable HousekeepingLoop housekeeping;
  private volatile @Nullable TenantRetention retention;

  public AuditApp(
      AuditConfig config, AgroalDataSource database, Flyway flyway, AuditMetrics metrics) {
    this.config = config;
    this.database = database;
    this.flyway = flyway;
    this.metrics = metrics;
  }

  void start(@Observes StartupEvent event) {
    ParentWatch.startIfAsked();
    TlsFiles identity =
        new TlsFiles(config.tls().certificate(), config.tls().key(), config.tls().trust());
    KafkaSettings kafka = KafkaSettings.of(config.kafka().properties(), identity);
    KeyRing ring = KeyRings.open(config.audit());
    PostgresDataKeys keys = new PostgresDataKeys(database, ring);
    NoteSigner signer =
        new NoteSigner(
            config.audit().origin(), KeyFiles.signingKey(config.audit().signingKeyFile()));
    publishKey(signer);
    Housekeeping tidy = serve(identity, kafka, keys, ring, signer);
    metrics.watch(this::lag, this::lostOffsets, this::storeAway, this::signedSize);
    Thread.ofPlatform()
        .daemon()
        .name("audit-start")
        .start(() -> consume(kafka, keys, signer, tidy));
  }

  /** Beside the state, for whoever verifies on this machine. */
  private void publishKey(NoteSigner signer) {
    try {
      Files.createDirectories(config.stateDir());
      Files.writeString(config.stateDir().resolve("verifier-key"), signer.verifier().text() + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to " + config.stateDir(), e);
    }
  }

  private Housekeeping serve(
      TlsFiles identity,
      KafkaSettings kafka,
      PostgresDataKeys keys,
      KeyRing ring,
      NoteSigner signer) {
    FactPublisher facts =
        FactPublisher.open(
            kafka, GROUP, config.stateDir().resolve("spool"), config.spoolBytesMax());
    publisher = facts;
    Violation.Recorder audited = new AuditedViolations(facts, Clock.systemUTC(), "records");
    Archive archive =
        new Archive(
            new PostgresLogReader(database),
            new PostgresCheckpoints(database),
            keys::byIds,
            signer.verifier());
    Violation.Recorder violations =
        violation -> {
          metrics.violation();
          audited.record(violation);
        };
    TenantRetention kept =
        TenantRetention.open(kafka, config.stateDir(), config.audit().retentionDays());
    retention = kept;
    Housekeeping tidy =
        new Housekeeping(
            keys, kept, Duration.ofDays(config.audit().dataKeyDays()), new AuditedErasures(facts));
    Reports reports =
        new Reports(archive, new PostgresLogFacts(database), kept, ring.current().id());
    Upkeep upkeep = new Upkeep(keys, tidy, Clock.systemUTC());
    RefusedCalls refused = new RefusedCalls(facts, InstantSource.system());
    server =
        MeshServer.builder(config.trustDomain(), identity)
            .listen(config.listen().host(), config.listen().port())
            .onRefused(refused)
            .service(new AuditEndpoint(archive, reports, upkeep, violations))
            .start();
    if (config.web().port() != 0) {
      LogFiles files = new LogFiles(publication(signer), violations);
      AuditPages pages =
          new AuditPages(
              archive,
              new PostgresLogFacts(database),
              reports,
              new PostgresCosignatures(database)::published,
              this::trouble);
      web =
          WebServer.start(
              config.trustDomain(),
              identity,
              Set.of(SpiffeId.Role.OPERATOR, SpiffeId.Role.TENANT),
              config.web().host(),
              config.web().port(),
              request -> files.answer(request).or(() -> pages.answer(request)),
              refused);
    }
    return tidy;
  }

  private Publication publication(NoteSigner signer) {
    return new Publication(
        new PostgresLogCopy(database),
        new PostgresLogReader(database),
        new PostgresCosignatures(database)::published,
        signer.verifier());
  }

  private List<Cosigning> cosigning() {
    return config.audit().witnesses().orElse(List.of()).stream()
        .map(
            witness ->
                new Cosigning(
                    CosignerKey.parse(witness.key()),
                    new HttpWitness(witness.url()),
                    new PostgresLogReader(database),
                    new PostgresCosignatures(database)))
        .toList();
  }

  private void consume(
      KafkaSettings kafka, PostgresDataKeys keys, NoteSigner signer, Housekeeping tidy) {
    try {
      while (!migrated()) {
        if (stopping.await(RETRY_MS, TimeUnit.MILLISECONDS)) {
          return;
        }
      }
      CheckpointIssuer issuer =
          new CheckpointIssuer(
              config.audit().origin(),
              signer,
              new PostgresLogReader(database),
              List.of(
                  new PostgresCheckpoints(database),
                  new CheckpointFile(config.stateDir().resolve("checkpoint.txt"))));
      signing = CheckpointLoop.start(issuer, metrics, config.audit().checkpointMs());
      witnesses =
          WitnessLoop.start(
              cosigning(),
              new PostgresCheckpoints(database),
              signer.verifier(),
              metrics,
              config.audit().witnessMs());
      housekeeping =
          HousekeepingLoop.start(tidy, Clock.systemUTC(), metrics, config.audit().housekeepingMs());
      LogIntake intake =
          new LogIntake(
              Topics.AUDIT, new PostgresAuditLog(database, keys), Clock.systemUTC(), metrics);
      FactConsumer opened = FactConsumer.open(kafka, Topics.AUDIT, GROUP, intake);
      consumer = opened;
      while (!opened.ready()) {
        if (stopping.await(50, TimeUnit.MILLISECONDS)) {
          return;
        }
      }
      LOG.info("audit ready on {}:{}", config.listen().host(), config.listen().port());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean migrated() {
    try {
      flyway.migrate();
      if (!new PostgresLogReader(database).isConfined()) {
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
    FactConsumer reading = consumer;
    if (reading != null) {
      reading.close();
    }
    CheckpointLoop checkpoints = signing;
    if (checkpoints != null) {
      checkpoints.close();
    }
    HousekeepingLoop tidying = housekeeping;
    if (tidying != null) {
      tidying.close();
    }
    TenantRetention reads = retention;
    if (reads != null) {
      reads.close();
    }
    WitnessLoop asking = witnesses;
    if (asking != null) {
      asking.close();
    }
    WebServer pages = web;
    if (pages != null) {
      pages.close();
    }
    MeshServer serving = server;
    if (serving != null) {
      serving.stop(2_000);
    }
    FactPublisher publishing = publisher;
    if (publishing != null) {
      publishing.close();
    }
  }

  /** Whether facts are being read and stored. */
  boolean consuming() {
    FactConsumer reading = consumer;
    return reading != null && reading.ready();
  }

  private long lag() {
    FactConsumer reading = consumer;
    return reading == null ? 0 : reading.lag();
  }

  private long lostOffsets() {
    FactConsumer reading = consumer;
    return reading == null ? 0 : reading.lostOffsets();
  }

  private int storeAway() {
    FactConsumer reading = consumer;
    return reading != null && reading.storeAway() ? 1 : 0;
  }

  private Optional<String> trouble() {
    CheckpointLoop checkpoints = signing;
    return checkpoints == null
        ? Optional.of("the log cannot be reached, or is not migrated yet")
        : checkpoints.trouble();
  }

  private long signedSize() {
    CheckpointLoop checkpoints = signing;
    return checkpoints == null ? 0 : checkpoints.signedSize();
  }
}
