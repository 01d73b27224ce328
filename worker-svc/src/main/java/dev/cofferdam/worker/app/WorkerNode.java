package dev.cofferdam.worker.app;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.worker.batching.Batch;
import dev.cofferdam.worker.batching.BatchOptions;
import dev.cofferdam.worker.batching.BatchStats;
import dev.cofferdam.worker.batching.thread.StepLoop;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.lease.LeaseBook;
import dev.cofferdam.worker.lease.SessionKeys;
import dev.cofferdam.worker.lease.WorkerLoad;
import dev.cofferdam.worker.lease.WorkerProfile;
import dev.cofferdam.worker.lease.grpc.RouterAnnouncer;
import dev.cofferdam.worker.lease.grpc.SchedulerSession;
import dev.cofferdam.worker.serving.Generations;
import dev.cofferdam.worker.serving.ServingListener;
import dev.cofferdam.worker.serving.grpc.WorkerEndpoint;
import dev.cofferdam.worker.serving.kafka.KafkaViolations;
import dev.cofferdam.worker.usage.kafka.KafkaUsageSink;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running worker: everything wired, started in order, stopped in reverse. */
final class WorkerNode implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerNode.class);

  private final WorkerConfig config;
  private final Batch batch;
  private final StepLoop loop;
  private final FactPublisher facts;
  private final KafkaUsageSink usage;
  private final MeshChannels channels;
  private final Adapters adapters;
  private final Generations generations;
  private final WorkerEndpoint endpoint;
  private final MeshServer server;
  private final SchedulerSession session;
  private final RouterAnnouncer announcer;
  private final ExecutorService completions;

  /**
   * Starts a worker.
   *
   * @param listener told of requests, for metrics
   * @param onFatal run when the worker must end at once
   */
  static WorkerNode start(WorkerConfig config, ServingListener listener, Runnable onFatal) {
    WorkerConfig.Worker worker = config.worker();
    Engine engine =
        Engine.load(
            worker.modelsRoot().resolve(worker.model()),
            worker.weights(),
            worker.kernels(),
            worker.threads(),
            worker.kvBytes(),
            worker.blockTokens(),
            worker.adapterSlots(),
            worker.slots(),
            worker.stepTokensMax());
    return new WorkerNode(config, engine, listener, onFatal);
  }

  private WorkerNode(
      WorkerConfig config, Engine engine, ServingListener listener, Runnable onFatal) {
    this.config = config;
    WorkerConfig.Worker worker = config.worker();
    TlsFiles tls = tls(config);
    channels = new MeshChannels(tls);
    SessionKeys keys = new SessionKeys();
    session = new SchedulerSession(channels, worker.schedulerEndpoint(), keys);
    batch = new Batch(engine.executor(), options(worker));
    loop = new StepLoop(batch, engine.executor(), worker.inFlightMax(), session::progress, onFatal);
    facts =
        FactPublisher.open(
            new KafkaSettings(config.kafka().properties()),
            worker.id(),
            config.stateDir().resolve("spool"),
            worker.spoolBytesMax());
    usage = new KafkaUsageSink(facts, engine.executor().kind(), worker.pool());
    KafkaViolations violations =
        new KafkaViolations(facts, worker.id(), worker.pool(), InstantSource.system());
    completions =
        Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().daemon().name("completions").unstarted(task));
    adapters = Adapters.open(worker, engine.model(), engine.executor()::prepare);
    generations =
        new Generations(
            new Generations.Parts(
                loop,
                batch.geometry(),
                engine.digest(),
                new LeaseBook(worker.id(), worker.model(), worker.grantsRememberedMax()),
                session,
                usage,
                adapters.shelf(),
                PublicPrefixFile.of(worker, engine.digest()),
                completions,
                ServingListener.all(List.of(violations, listener)),
                InstantSource.system(),
                System::nanoTime,
                worker.inFlightMax()));
    endpoint =
        new WorkerEndpoint(
            generations,
            keys,
            InstantSource.system(),
            worker.bufferTokensMax(),
            worker.inFlightMax());
    server =
        MeshServer.builder(config.trustDomain(), tls)
            .listen(config.listen().host(), config.listen().port())
            .service(endpoint)
            .start();
    WorkerProfile profile = profile(config, batch.geometry(), server.port());
    announcer =
        new RouterAnnouncer(
            channels, worker.routerEndpoints(), profile, this::load, batch.journal());
    session.start(profile, generations);
    announcer.start();
    LOG.info("worker {} ready on {}", worker.id(), profile.endpoint());
  }

  private static BatchOptions options(WorkerConfig.Worker worker) {
    return new BatchOptions(
        worker.slots(),
        worker.stepTokensMax(),
        worker.prefillChunkTokens(),
        TimeUnit.MILLISECONDS.toNanos(worker.unreadMsMax()),
        worker.decodeSlowdownMax(),
        worker.kvEncryption(),
        worker.swapBytes());
  }

  private static TlsFiles tls(WorkerConfig config) {
    return new TlsFiles(config.tls().certificate(), config.tls().key(), config.tls().trust());
  }

  private static WorkerProfile profile(WorkerConfig config, ExecutorGeometry geometry, int port) {
    WorkerConfig.Worker worker = config.worker();
    return new WorkerProfile(
        worker.id(),
        System.currentTimeMillis(),
        worker.pool(),
        worker.advertisedEndpoint().orElse(config.listen().host() + ":" + port),
        worker.model(),
        worker.zone().orElse(""),
        worker.slots(),
        geometry.blocks(),
        geometry.blockTokens(),
        geometry.blockBytes(),
        geometry.adapterSlots());
  }

  private WorkerLoad load() {
    BatchStats stats = batch.stats();
    return new WorkerLoad(
        stats.running(), stats.blocksUnheld(), stats.adapterVersions(), generations.draining());
  }

  /** Counts and levels of the batch. */
  BatchStats stats() {
    return batch.stats();
  }

  /** KV blocks in all. */
  int kvBlocks() {
    return batch.geometry().blocks();
  }

  /** Bytes of a KV block. */
  long blockBytes() {
    return batch.geometry().blockBytes();
  }

  /** Usage records that found the spool full. */
  long usageLost() {
    return usage.lost();
  }

  /** Bytes of usage events that wait for Kafka. */
  long spoolBytes() {
    return facts.backlogBytes();
  }

  /** Whether it can be given work: a scheduler's keys are there, and usage can be recorded. */
  boolean ready() {
    return session.attached() && usage.accepting() && !generations.draining();
  }

  /** Whether a step takes longer than any step should. */
  boolean stuck() {
    return loop.stepMs(System.nanoTime()) > config.worker().stepMsMax();
  }

  /** Takes no new work, waits for what runs, then ends it. */
  @Override
  public void close() {
    generations.drain();
    announcer.announceNow();
    awaitIdle(config.worker().drainMsMax());
    generations.endAll();
    awaitIdle(2_000);
    session.close();
    announcer.close();
    server.stop(1_000);
    endpoint.close();
    loop.close();
    completions.shutdown();
    facts.close();
    adapters.close().run();
    try {
      channels.close();
    } catch (IOException e) {
      LOG.debug("closing the channels failed: {}", e.getMessage());
    }
  }

  private void awaitIdle(long waitMs) {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs);
    try {
      while (generations.running() > 0 && System.nanoTime() < until) {
        Thread.sleep(10);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
