package dev.cofferdam.worker.serving.grpc;

import com.google.protobuf.ByteString;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.proto.scheduling.v1.Grant;
import dev.cofferdam.proto.scheduling.v1.GrantClaims;
import dev.cofferdam.proto.worker.v1.GenerateRequest;
import dev.cofferdam.proto.worker.v1.Sampling;
import dev.cofferdam.proto.worker.v1.WorkerServiceGrpc;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.wire.GrantSeal;
import dev.cofferdam.worker.batching.BatchOptions;
import dev.cofferdam.worker.batching.BatchStats;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.FakeExecutor;
import dev.cofferdam.worker.batching.SequenceId;
import dev.cofferdam.worker.batching.SequenceProgress;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.lease.Lease;
import dev.cofferdam.worker.lease.LeaseBook;
import dev.cofferdam.worker.lease.LeaseEvents;
import dev.cofferdam.worker.lease.SessionKeys;
import dev.cofferdam.worker.residency.ModelLoads;
import dev.cofferdam.worker.residency.ResidencyOptions;
import dev.cofferdam.worker.residency.ResidentModels;
import dev.cofferdam.worker.residency.ServedModel;
import dev.cofferdam.worker.residency.thread.StepLoop;
import dev.cofferdam.worker.serving.AdapterShelf;
import dev.cofferdam.worker.serving.Generations;
import dev.cofferdam.worker.serving.ServingListener;
import dev.cofferdam.worker.usage.AttemptRecord;
import dev.cofferdam.worker.usage.UsageSink;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** A worker over a fake executor behind a real mTLS server, and a gateway's client for it. */
final class ServingHarness implements AutoCloseable {
  static final byte[] KEY = new byte[32];

  final FakeExecutor executor = new FakeExecutor(200, 4, 2, 20_000);
  private final ServedModel model =
      new ServedModel("support-desk", "model digest", executor.geometry(), 1, List.of());
  private final ResidentModels models =
      new ResidentModels(
          List.of(model),
          new ResidencyOptions(1, Set.of(), 1, 1),
          new BatchOptions(8, 32, 8, 30_000_000_000L),
          new NoLoads(),
          System::nanoTime,
          reason -> {});
  final BlockingQueue<AttemptRecord> usage = new LinkedBlockingQueue<>();
  final List<String> refused = new CopyOnWriteArrayList<>();
  final List<String> leases = new CopyOnWriteArrayList<>();
  final SessionKeys keys = new SessionKeys();
  final Generations generations;
  private final ExecutorService completions = Executors.newSingleThreadExecutor();
  private final StepLoop loop;
  private final WorkerEndpoint endpoint;
  private final MeshServer server;
  private final TestPki pki;
  private final MeshChannels gateway;

  ServingHarness(Path folder) {
    keys.add("k1", KEY, System.currentTimeMillis() + 60_000, System.currentTimeMillis());
    models.start(model, executor);
    loop = new StepLoop(models, 16, (progress, free) -> {}, () -> {});
    generations =
        new Generations(
            new Generations.Parts(
                loop,
                Map.of(model.id(), model),
                new LeaseBook("w1", Optional.empty(), Set.of(model.id()), 1_000),
                new Leases(),
                new Sink(),
                new AdapterShelf(
                    (served, name, version) ->
                        FakeExecutor.adapter(Integer.parseInt(version)).get(),
                    1 << 20,
                    Set.of()),
                completions,
                new Listener(),
                InstantSource.system(),
                System::nanoTime,
                16));
    endpoint = new WorkerEndpoint(generations, keys, InstantSource.system(), 64, 16);
    pki = new TestPki(folder);
    server =
        MeshServer.builder(
                "cofferdam.local",
                pki.identity("worker", "spiffe://cofferdam.local/service/worker/w1"))
            .service(endpoint)
            .start();
    gateway = channels("gateway", "spiffe://cofferdam.local/service/gateway");
  }

  BatchStats stats() {
    return models.memory().stats();
  }

  MeshChannels channels(String name, String spiffeId) {
    return new MeshChannels(pki.identity(name, spiffeId));
  }

  String address() {
    return "127.0.0.1:" + server.port();
  }

  WorkerServiceGrpc.WorkerServiceBlockingStub blocking() {
    return WorkerServiceGrpc.newBlockingStub(gateway.to(address(), SpiffeId.Role.WORKER))
        .withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  WorkerServiceGrpc.WorkerServiceStub stub() {
    return WorkerServiceGrpc.newStub(gateway.to(address(), SpiffeId.Role.WORKER));
  }

  /** Claims that hold, for a prompt of so many tokens. */
  static GrantClaims.Builder claims(int promptTokens, int outputTokensMax) {
    return GrantClaims.newBuilder()
        .setRequestId(RequestId.random().value())
        .setAttempt(1)
        .setTenant("harbor-books")
        .setTier("enterprise")
        .setWorkerId("w1")
        .setModel("support-desk")
        .setPromptTokens(promptTokens)
        .setOutputTokensMax(outputTokensMax)
        .setWeight(1)
        .setExpiresEpochMs(System.currentTimeMillis() + 10_000);
  }

  static Grant grant(GrantClaims.Builder claims) {
    return GrantSeal.seal(claims.build(), "k1", KEY);
  }

  /** A request for a prompt of zeros, for the fake executor's tenant 0. */
  static GenerateRequest.Builder request(Grant grant, int tokens) {
    GenerateRequest.Builder request =
        GenerateRequest.newBuilder()
            .setGrant(grant)
            .setSampling(
                Sampling.newBuilder()
                    .setTopP(1)
                    .setTopLogprobs(-1)
                    .setSeed(new FakeExecutor.Mark(0, 0, false, 0).seed()))
            .setPrefixKey(ByteString.copyFrom(new byte[32]));
    for (int i = 0; i < tokens; i++) {
      request.addTokenIds(i % 6);
    }
    return request;
  }

  static GenerateRequest request(
      int promptTokens, int outputTokensMax, UnaryOperator<GrantClaims.Builder> change) {
    return request(grant(change.apply(claims(promptTokens, outputTokensMax))), promptTokens)
        .build();
  }

  AttemptRecord awaitUsage() throws InterruptedException {
    AttemptRecord record = usage.poll(20, TimeUnit.SECONDS);
    if (record == null) {
      throw new AssertionError("no usage was recorded");
    }
    return record;
  }

  /** Waits until so many leases were told of. */
  void awaitLeases(int count) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (leases.size() < count) {
      if (System.nanoTime() > end) {
        throw new AssertionError("leases: " + leases);
      }
      Thread.sleep(5);
    }
  }

  @Override
  public void close() throws IOException {
    generations.endAll();
    gateway.close();
    server.close();
    endpoint.close();
    loop.close();
    completions.shutdown();
  }

  private static final class NoLoads implements ModelLoads {
    @Override
    public void begin(ServedModel wanted) {
      throw new IllegalStateException("nothing is to be loaded");
    }

    @Override
    public Optional<Ended> poll() {
      return Optional.empty();
    }
  }

  private final class Leases implements LeaseEvents {
    @Override
    public void accepted(Lease lease) {
      leases.add("accepted");
    }

    @Override
    public void progress(List<SequenceProgress> progress, int kvBlocksFree) {}

    @Override
    public void ended(SequenceId id, EndCause.Outcome outcome, SequenceUsage used) {
      leases.add("ended " + outcome);
    }
  }

  private final class Sink implements UsageSink {
    @Override
    public void record(AttemptRecord attempt) {
      usage.add(attempt);
    }

    @Override
    public boolean accepting() {
      return true;
    }
  }

  private final class Listener implements ServingListener {
    @Override
    public void ended(AttemptRecord attempt) {}

    @Override
    public void grantRefused(String reason, Optional<Lease> lease) {
      refused.add(reason);
    }
  }
}
