package dev.cofferdam.worker.app;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.RefusedCalls;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.batching.BatchOptions;
import dev.cofferdam.worker.batching.BatchStats;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.lease.LeaseBook;
import dev.cofferdam.worker.lease.SessionKeys;
import dev.cofferdam.worker.lease.WorkerLoad;
import dev.cofferdam.worker.lease.WorkerProfile;
import dev.cofferdam.worker.lease.grpc.RouterAnnouncer;
import dev.cofferdam.worker.lease.grpc.SchedulerSession;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.residency.ModelMemory;
import dev.cofferdam.worker.residency.ResidencyOptions;
import dev.cofferdam.worker.residency.ResidentModels;
import dev.cofferdam.worker.residency.ServedModel;
import dev.cofferdam.worker.residency.thread.ModelLoader;
import dev.cofferdam.worker.residency.thread.StepLoop;
import dev.cofferdam.worker.serving.Generations;
import dev.cofferdam.worker.serving.ServingListener;
import dev.cofferdam.worker.serving.grpc.WorkerEndpoint;
import dev.cofferdam.worker.serving.kafka.KafkaViolations;
import dev.cofferdam.worker.usage.kafka.KafkaUsageSink;
import java.io.IOException;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running worker: everything wired, started in order, stopped in reverse. */
final class WorkerNode implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerNode.class);

  private final WorkerConfig config;
  private final Engine engine;
  private final ModelLoader loader;
  private final ModelMemory memory;
  private final StepLoop loop;
  private final FactPublisher facts;
  private final KafkaUsageSink usage;
  private final MeshChannels channels;
  private final Adapters adapters;
  private final AdapterReports residency;
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
    return new WorkerNode(config, Engine.open(config.worker()), listener, onFatal);
  }

  private WorkerNode(
      WorkerConfig config, Engine engine, ServingListener listener, Runnable onFatal) {
    this.config = config;
    this.engine = engine;
    WorkerConfig.Worker worker = config.worker();
    loader = new ModelLoader(engine::load);
    ResidentModels models =
        new ResidentModels(
            engine.models(),
            residency(worker),
            options(worker),
            loader,
            System::nanoTime,
            StepLoop::logFailure);
    memory = models.memory();
    // Loading compiles the kernels; connections are made meanwhile.
    CompletableFuture<Map<ServedModel, ModelExecutor>> loaded =
        CompletableFuture.supplyAsync(
            () -> loaded(engine, worker),
            task -> Thread.ofPlatform().daemon().name("first-models").start(task));
    TlsFiles tls = tls(config);
    channels = new MeshChannels(tls);
    SessionKeys keys = new SessionKeys();
    session = new SchedulerSession(channels, worker.schedulerEndpoint(), keys);
    facts =
        FactPublisher.open(
            KafkaSettings.of(config.kafka().properties(), tls),
            worker.id(),
            config.stateDir().resolve("spool"),
            worker.spoolBytesMax());
    usage = new KafkaUsageSink(facts, engine.kind(), worker.pool());
    KafkaViolations violations =
        new KafkaViolations(facts, worker.id(), worker.pool(), InstantSource.system());
    completions =
        Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().daemon().name("completions").unstarted(task));
    Map<String, ServedModel> served = new LinkedHashMap<>();
    Map<String, ModelConfig> configs = new LinkedHashMap<>();
    for (ServedModel model : engine.models()) {
      served.put(model.id(), model);
      configs.put(model.id(), engine.config(model.id()));
    }
    adapters = Adapters.open(worker, configs, memory::prepare);
    residency = new AdapterReports(adapters.shelf(), facts, InstantSource.system());
    joined(loaded).forEach(models::start);
    loop = new StepLoop(models, worker.inFlightMax(), session::progress, onFatal);
    generations =
        new Generations(
            new Generations.Parts(
                loop,
                served,
                new LeaseBook(
                    worker.id(),
                    worker.tenant().map(TenantId::new),
                    served.keySet(),
                    worker.grantsRememberedMax()),
                session,
                usage,
                adapters.shelf(),
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
            .onRefused(new RefusedCalls(facts, InstantSource.system()))
            .service(endpoint)
            .start();
    WorkerProfile profile = profile(config, engine.models(), server.port());
    announcer =
        new RouterAnnouncer(
            channels, worker.routerEndpoints(), profile, this::load, models.journal());
    session.start(profile, generations);
    announcer.start();
    LOG.info("worker {} ready on {}", worker.id(), profile.endpoint());
  }

  private static Map<ServedModel, ModelExecutor> loaded(Engine engine, WorkerConfig.Worker worker) {
    Map<ServedModel, ModelExecutor> loaded = new LinkedHashMap<>();
    for (ServedModel model : engine.models()) {
      if (model == engine.models().getFirst() || pinned(worker).contains(model.id())) {
        loaded.put(model, engine.load(model));
      }
    }
    return loaded;
  }

  private static <T> T joined(CompletableFuture<T> task) {
    try {
      return task.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
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

  private static ResidencyOptions residency(WorkerConfig.Worker worker) {
    return new ResidencyOptions(
        worker.modelsBytesMax().orElse(Long.MAX_VALUE),
        pinned(worker),
        TimeUnit.MILLISECONDS.toNanos(worker.modelsTurnMs()),
        TimeUnit.MILLISECONDS.toNanos(worker.modelsRetryMs()));
  }

  private static Set<String> pinned(WorkerConfig.Worker worker) {
    return worker.modelsPinned().orElse(Set.of());
  }

  private static TlsFiles tls(WorkerConfig config) {
    return new TlsFiles(config.tls().certificate(), config.tls().key(), config.tls().trust());
  }

  private static WorkerProfile profile(WorkerConfig config, List<ServedModel> models, int port) {
    WorkerConfig.Worker worker = config.worker();
    return new WorkerProfile(
        worker.id(),
        System.currentTimeMillis(),
        worker.pool(),
        worker.advertisedEndpoint().orElse(config.listen().host() + ":" + port),
        models.stream()
            .map(
                m ->
                    new WorkerProfile.Model(
                        m.id(), m.geometry().blocks(), m.geometry().blockBytes()))
            .toList(),
        worker.zone().orElse(""),
        worker.tenant().orElse(""),
        worker.slots(),
        worker.blockTokens(),
        worker.adapterSlots());
  }

  private WorkerLoad load() {
    return new WorkerLoad(
        memory.stats().running(),
        memory.levels().stream()
            .map(
                level ->
                    new WorkerLoad.ModelLoad(
                        level.model().id(),
                        level.inMemory(),
                        level.kvBlocksFree(),
                        level.model().geometry().blocks()))
            .toList(),
        memory.adapters(),
        generations.draining());
  }

  /** Counts and levels of all models. */
  BatchStats stats() {
    return memory.stats();
  }

  /** What is in memory. */
  ModelMemory memory() {
    return memory;
  }

  /** What the walls between tenants took of the steps' thread. */
  MeteredExecutor.Overhead overhead() {
    return engine.overhead();
  }

  /** The models that it serves, as metrics name them. */
  String models() {
    return engine.models().stream().map(ServedModel::id).collect(Collectors.joining(","));
  }

  /** Seconds of all loads of models after the start. */
  double loadSeconds() {
    return loader.loadNs() / 1e9;
  }

  /** KV blocks of the models in memory. */
  long kvBlocks() {
    return inMemory().mapToLong(model -> model.geometry().blocks()).sum();
  }

  /** Bytes of all of them. */
  long kvBytes() {
    return inMemory()
        .mapToLong(model -> model.geometry().blocks() * model.geometry().blockBytes())
        .sum();
  }

  private Stream<ServedModel> inMemory() {
    return memory.levels().stream()
        .filter(ModelMemory.Level::inMemory)
        .map(ModelMemory.Level::model);
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
    loader.close();
    engine.close();
    completions.shutdown();
    residency.close();
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
