package dev.cofferdam.audit.app;

import dev.cofferdam.audit.api.Archive;
import dev.cofferdam.audit.api.grpc.AuditEndpoint;
import dev.cofferdam.audit.log.CheckpointIssuer;
import dev.cofferdam.audit.log.file.CheckpointFile;
import dev.cofferdam.audit.log.kafka.LogIntake;
import dev.cofferdam.audit.log.postgres.PostgresAuditLog;
import dev.cofferdam.audit.log.postgres.PostgresCheckpoints;
import dev.cofferdam.audit.log.postgres.PostgresDataKeys;
import dev.cofferdam.audit.log.postgres.PostgresLogReader;
import dev.cofferdam.audit.proof.NoteSigner;
import dev.cofferdam.audit.sealing.file.KeyFiles;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.ParentWatch;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.kafka.AuditedViolations;
import dev.cofferdam.mesh.kafka.FactConsumer;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.mesh.store.Violation;
import io.agroal.api.AgroalDataSource;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Clock;
import java.util.List;
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

  public AuditApp(
      AuditConfig config, AgroalDataSource database, Flyway flyway, AuditMetrics metrics) {
    this.config = config;
    this.database = database;
    this.flyway = flyway;
    this.metrics = metrics;
  }

  void start(@Observes StartupEvent event) {
    ParentWatch.startIfAsked();
    KafkaSettings kafka = new KafkaSettings(config.kafka().properties());
    PostgresDataKeys keys =
        new PostgresDataKeys(database, KeyFiles.masterKey(config.audit().kekFile()));
    NoteSigner signer =
        new NoteSigner(
            config.audit().origin(), KeyFiles.signingKey(config.audit().signingKeyFile()));
    serve(kafka, keys, signer);
    metrics.watch(this::lag, this::lostOffsets, this::signedSize);
    Thread.ofPlatform().daemon().name("audit-start").start(() -> consume(kafka, keys, signer));
  }

  private void serve(KafkaSettings kafka, PostgresDataKeys keys, NoteSigner signer) {
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
    server =
        MeshServer.builder(
                config.trustDomain(),
                new TlsFiles(config.tls().certificate(), config.tls().key(), config.tls().trust()))
            .listen(config.listen().host(), config.listen().port())
            .service(
                new AuditEndpoint(
                    archive,
                    violation -> {
                      metrics.violation();
                      audited.record(violation);
                    }))
            .start();
  }

  private void consume(KafkaSettings kafka, PostgresDataKeys keys, NoteSigner signer) {
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

  private long signedSize() {
    CheckpointLoop checkpoints = signing;
    return checkpoints == null ? 0 : checkpoints.signedSize();
  }
}
