package dev.cofferdam.scheduler.app;

import dev.cofferdam.mesh.EventLoops;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.ParentWatch;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.RefusedCalls;
import dev.cofferdam.scheduler.admission.QueueBounds;
import dev.cofferdam.scheduler.fairness.TokenWeights;
import dev.cofferdam.scheduler.preemption.PreemptionRules;
import dev.cofferdam.scheduler.shard.PoolSettings;
import dev.cofferdam.scheduler.tenancy.kafka.TopicGuarantees;
import dev.cofferdam.scheduler.workers.grpc.SchedulingEndpoint;
import dev.cofferdam.scheduler.workers.grpc.WarmUp;
import dev.cofferdam.scheduler.workers.kafka.UsageFacts;
import dev.cofferdam.vocabulary.WorkloadClass;
import io.quarkus.runtime.ImageMode;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.Vertx;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Life of scheduler-svc. */
@ApplicationScoped
public class SchedulerApp {
  private static final Logger LOG = LoggerFactory.getLogger(SchedulerApp.class);

  /** A router has one connection, and one stream for each request that waits. */
  private static final int STREAMS_MAX = 100_000;

  /** How long after its grant's end a lease is kept that its worker has not reported. */
  private static final long UNUSED_SLACK_MS = 5_000;

  private static final int WARM_UP_REQUESTS = 4_000;
  private static final long WARM_UP_MS_MAX = 5_000;

  private final SchedulerConfig config;
  private final SchedulerMetrics metrics;
  private final Vertx vertx;
  private volatile @Nullable LeaseKeeper keeper;
  private volatile @Nullable FactPublisher publisher;
  private volatile @Nullable TopicGuarantees guarantees;
  private volatile @Nullable SchedulingEndpoint endpoint;
  private final EventLoops loops = EventLoops.start();
  private volatile @Nullable MeshServer server;

  public SchedulerApp(SchedulerConfig config, SchedulerMetrics metrics, Vertx vertx) {
    this.config = config;
    this.metrics = metrics;
    this.vertx = vertx;
  }

  void start(@Observes StartupEvent event) {
    ParentWatch.startIfAsked();
    LeaseKeeper leasing = LeaseKeeper.of(config.lease(), vertx);
    keeper = leasing;
    TlsFiles identity =
        new TlsFiles(config.tls().certificate(), config.tls().key(), config.tls().trust());
    KafkaSettings kafka = KafkaSettings.of(config.kafka().properties(), identity);
    FactPublisher facts =
        FactPublisher.open(
            kafka, "scheduler", config.stateDir().resolve("spool"), config.spoolBytesMax());
    publisher = facts;
    TopicGuarantees guaranteed =
        new TopicGuarantees(kafka, config.stateDir().resolve("configuration"));
    guarantees = guaranteed;
    SchedulingEndpoint scheduling =
        new SchedulingEndpoint(
            settings(config.scheduling()),
            new UsageFacts(facts),
            metrics,
            guaranteed::of,
            System::currentTimeMillis,
            new SecureRandom(),
            leasing.leases());
    endpoint = scheduling;
    guaranteed.onChange(scheduling::guaranteesChanged);
    scheduling.guaranteesChanged();
    server =
        MeshServer.builder(config.trustDomain(), identity)
            .listen(config.listen().host(), config.listen().port())
            .streamsMax(STREAMS_MAX)
            .loops(loops, method -> true) // all that happens here is mail to a pool's thread
            .onRefused(new RefusedCalls(facts, InstantSource.system()))
            .service(scheduling)
            .start();
    LOG.info("scheduler ready on {}:{}", config.listen().host(), config.listen().port());
    if (!ImageMode.current().isNativeImage()) { // which is compiled
      Thread.ofPlatform().daemon().name("warm-up").start(SchedulerApp::warmUp);
    }
  }

  private static void warmUp() {
    try {
      boolean whole = WarmUp.run(new SplittableRandom(), WARM_UP_REQUESTS, WARM_UP_MS_MAX);
      LOG.info("warmed up{}", whole ? "" : " as far as there was time for it");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void stop(@Observes ShutdownEvent event) {
    SchedulingEndpoint scheduling = endpoint;
    if (scheduling != null) {
      scheduling.close();
    }
    MeshServer serving = server;
    if (serving != null) {
      serving.stop(500);
    }
    loops.close();
    LeaseKeeper leasing = keeper;
    if (leasing != null) {
      leasing.close();
    }
    TopicGuarantees guaranteed = guarantees;
    if (guaranteed != null) {
      guaranteed.close();
    }
    FactPublisher publishing = publisher;
    if (publishing != null) {
      publishing.close();
    }
  }

  /** Whether it serves, and can keep the facts that it owes. */
  boolean serving() {
    FactPublisher publishing = publisher;
    return server != null && publishing != null && publishing.accepting();
  }

  private static PoolSettings settings(SchedulerConfig.Scheduling s) {
    return new PoolSettings(
        new TokenWeights(s.promptTokenWeight(), s.cachedTokenWeight(), s.outputTokenWeight()),
        new QueueBounds(s.queueMax(), s.tenantQueueMax(), s.queueAgeMaxMs(), s.workerWaitMaxMs()),
        Map.of(WorkloadClass.STANDARD, s.standardFloor(), WorkloadClass.BATCH, s.batchFloor()),
        s.expectedOutputTokens(),
        PoolSettings.DEFAULT.bypassWindow(),
        PoolSettings.DEFAULT.bypassesMax(),
        s.grantTtlMs(),
        s.grantTtlMs() + UNUSED_SLACK_MS,
        s.lostWindowMs(),
        PoolSettings.DEFAULT.reportIntervalMs(),
        PoolSettings.DEFAULT.positionsMax(),
        PoolSettings.DEFAULT.tenantsRememberedMax(),
        new PreemptionRules(
            s.preemptionsMax(),
            s.preemptAfterMs(),
            s.preemptWaitMsMin(),
            PreemptionRules.DEFAULT.victimsMax(),
            PreemptionRules.DEFAULT.searchMsMin()));
  }
}
