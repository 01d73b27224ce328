package dev.cofferdam.worker.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.routing.v1.AnnounceRequest;
import dev.cofferdam.proto.scheduling.v1.AttachRequest;
import dev.cofferdam.proto.scheduling.v1.AttachResponse;
import dev.cofferdam.proto.scheduling.v1.GrantClaims;
import dev.cofferdam.proto.scheduling.v1.Guarantee;
import dev.cofferdam.proto.scheduling.v1.Guarantees;
import dev.cofferdam.proto.scheduling.v1.Hello;
import dev.cofferdam.proto.scheduling.v1.Preempt;
import dev.cofferdam.proto.scheduling.v1.Resume;
import dev.cofferdam.proto.scheduling.v1.RunningRequest;
import dev.cofferdam.proto.worker.v1.GenerateRequest;
import dev.cofferdam.proto.worker.v1.GenerateResponse;
import dev.cofferdam.proto.worker.v1.Sampling;
import dev.cofferdam.proto.worker.v1.WorkerServiceGrpc;
import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.wire.GrantSeal;
import dev.cofferdam.worker.lease.Lease;
import dev.cofferdam.worker.lease.grpc.FakeRouter;
import dev.cofferdam.worker.lease.grpc.FakeScheduler;
import dev.cofferdam.worker.model.ModelDigest;
import dev.cofferdam.worker.model.TinyModel;
import dev.cofferdam.worker.serving.ServingListener;
import dev.cofferdam.worker.usage.AttemptRecord;
import io.grpc.Status;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A whole worker with a small model, between a scheduler, a router and a gateway; Kafka is away.
 */
class WorkerNodeTest {
  @TempDir Path folder;
  private final FakeScheduler scheduler = new FakeScheduler();
  private final FakeRouter router = new FakeRouter();
  private TestPki pki;
  private MeshServer schedulerServer;
  private MeshServer routerServer;
  private MeshChannels gateway;
  private WorkerNode worker;

  @BeforeEach
  void start() throws Exception {
    TinyModel.llama().write(folder.resolve("models/tiny"), new SplittableRandom(1));
    Files.createDirectories(folder.resolve("adapters"));
    pki = new TestPki(folder);
    schedulerServer = server("scheduler", scheduler, 0);
    routerServer = server("router", router, 0);
    gateway = new MeshChannels(pki.identity("gateway", "spiffe://cofferdam.local/service/gateway"));
    worker = WorkerNode.start(config(), new Ignore(), () -> {});
  }

  private MeshServer server(String role, io.grpc.BindableService service, int port) {
    return MeshServer.builder(
            "cofferdam.local", pki.identity(role, "spiffe://cofferdam.local/service/" + role))
        .listen("127.0.0.1", port)
        .service(service)
        .start();
  }

  private WorkerConfig config() {
    return config(Map.of("model", "tiny"));
  }

  private WorkerConfig config(Map<String, String> models) {
    TlsFiles tls = pki.identity("w1", "spiffe://cofferdam.local/service/worker/w1");
    Map<String, String> values = new HashMap<>();
    values.put("cofferdam.tls.certificate", tls.certificate().toString());
    values.put("cofferdam.tls.key", tls.key().toString());
    values.put("cofferdam.tls.trust", tls.trust().toString());
    values.put("cofferdam.listen.port", "0");
    values.put("cofferdam.kafka.properties.\"bootstrap.servers\"", "127.0.0.1:1");
    values.put("cofferdam.state-dir", folder.resolve("state").toString());
    values.put("cofferdam.worker.id", "w1");
    values.put("cofferdam.worker.models-root", folder.resolve("models").toString());
    values.put("cofferdam.worker.adapters-root", folder.resolve("adapters").toString());
    models.forEach((name, value) -> values.put("cofferdam.worker." + name, value));
    values.put("cofferdam.worker.router-endpoints", "127.0.0.1:" + routerServer.port());
    values.put("cofferdam.worker.scheduler-endpoint", "127.0.0.1:" + schedulerServer.port());
    values.put("cofferdam.worker.kv-bytes", "1000000");
    return new SmallRyeConfigBuilder()
        .withMapping(WorkerConfig.class)
        .withSources(new io.smallrye.config.PropertiesConfigSource(values, "test", 100))
        .build()
        .getConfigMapping(WorkerConfig.class);
  }

  @AfterEach
  void stop() throws Exception {
    worker.close();
    gateway.close();
    routerServer.close();
    schedulerServer.close();
  }

  private static GrantClaims.Builder claims(int prompt, int outputMax) {
    return GrantClaims.newBuilder()
        .setRequestId(RequestId.random().value())
        .setAttempt(1)
        .setTenant("harbor-books")
        .setTier("enterprise")
        .setWorkerId("w1")
        .setModel("tiny")
        .setPromptTokens(prompt)
        .setOutputTokensMax(outputMax)
        .setWeight(1)
        .setExpiresEpochMs(System.currentTimeMillis() + 10_000);
  }

  private static GenerateRequest request(GrantClaims.Builder claims, byte[] prefixKey) {
    GenerateRequest.Builder request =
        GenerateRequest.newBuilder()
            .setGrant(GrantSeal.seal(claims.build(), "key-1", FakeScheduler.KEY))
            .setPrefixKey(ByteString.copyFrom(prefixKey))
            .setSampling(
                Sampling.newBuilder().setTopP(1).setTemperature(1).setSeed(7).setTopLogprobs(2));
    for (int i = 0; i < claims.getPromptTokens(); i++) {
      request.addTokenIds(i % 20);
    }
    return request.build();
  }

  private List<GenerateResponse> generate(String endpoint, GenerateRequest request) {
    List<GenerateResponse> responses = new ArrayList<>();
    WorkerServiceGrpc.newBlockingStub(gateway.to(endpoint, SpiffeId.Role.WORKER))
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .generate(request)
        .forEachRemaining(responses::add);
    return responses;
  }

  @Test
  void servesAGrantTellsTheSchedulerAndTheRouterAndKeepsTheUsageFact() throws Exception {
    Hello hello = scheduler.await(AttachRequest::hasHello).getHello();
    byte[] prefixKey = new byte[32];

    List<GenerateResponse> responses =
        generate(hello.getEndpoint(), request(claims(40, 10), prefixKey));

    assertThat(responses.getFirst().hasStarted()).isTrue();
    assertThat(responses.getLast().getFinished().getUsage().getOutputTokens()).isEqualTo(10);
    assertThat(responses.get(1).getTokens().getLogprobs(0).getTopTokenIdsList()).hasSize(2);
    var ended = scheduler.await(AttachRequest::hasEnded).getEnded();
    assertThat(ended.getOutcome()).isEqualTo("completed");
    assertThat(ended.getProgress().getPrefillTokens()).isEqualTo(40);
    assertThat(ended.getProgress().getDecodeTokens()).isEqualTo(10);
    assertThat(worker.spoolBytes()).isPositive();
    assertThat(worker.ready()).isTrue();

    assertThat(router.await(AnnounceRequest::hasIdentity).getIdentity().getWorkerId())
        .isEqualTo("w1");
    ByteString first =
        ByteString.copyFrom(
            new PrefixDigests(prefixKey, ModelDigest.of(folder.resolve("models/tiny")), "", 16)
                .ofSequence(java.util.stream.IntStream.range(0, 16).toArray(), 16, 1)
                .getFirst());
    router.await(a -> a.getCache().getAddedList().contains(first));
  }

  @Test
  void servesEachOfItsModelsAndTheOneThatWasNotUsedLastMakesRoom() throws Exception {
    worker.close();
    TinyModel.llama().write(folder.resolve("models/second"), new SplittableRandom(2));
    worker =
        WorkerNode.start(
            config(Map.of("models", "tiny,second", "models-bytes-max", "1200000")),
            new Ignore(),
            () -> {});
    Hello hello =
        scheduler.await(a -> a.hasHello() && a.getHello().getModelsCount() == 2).getHello();
    assertThat(hello.getPoolsList()).extracting(p -> p.getModel()).contains("tiny", "second");
    scheduler.worker.onNext(
        AttachResponse.newBuilder()
            .setGuarantees(
                Guarantees.newBuilder()
                    .addTenants(
                        Guarantee.newBuilder().setTenant("harbor-books").setKvBytes(90_000)))
            .build());
    router.await(
        a -> a.getLoad().getModelsList().stream().filter(m -> m.getInMemory()).count() == 1);

    for (String model : List.of("tiny", "second", "tiny")) {
      List<GenerateResponse> responses =
          generate(hello.getEndpoint(), request(claims(40, 10).setModel(model), new byte[32]));
      assertThat(responses.getLast().getFinished().getUsage().getOutputTokens()).isEqualTo(10);
      router.await(
          a ->
              a.getLoad().getModelsList().stream()
                  .anyMatch(m -> m.getModel().equals(model) && m.getInMemory()));
    }
    assertThat(worker.memory().loads()).isEqualTo(3);
    assertThat(worker.memory().evictions()).isEqualTo(2);
    assertThat(worker.memory().loaded()).isEqualTo(1);
  }

  @Test
  void attachesAgainWithWhatRunsAndAnnouncesAnewWhenSchedulerAndRouterComeBack() throws Exception {
    Hello hello = scheduler.await(AttachRequest::hasHello).getHello();
    generate(hello.getEndpoint(), request(claims(40, 10), new byte[32]));
    router.await(AnnounceRequest::hasCache);

    scheduler.worker.onError(Status.UNAVAILABLE.asException());
    router.worker.onError(Status.UNAVAILABLE.asException());

    Hello again = scheduler.await(AttachRequest::hasHello).getHello();
    assertThat(again.getIncarnation()).isEqualTo(hello.getIncarnation());
    assertThat(again.getRunningList()).isEmpty();
    router.await(AnnounceRequest::hasIdentity);
    var cache = router.await(AnnounceRequest::hasCache).getCache();
    assertThat(cache.getReset()).isTrue();
    assertThat(cache.getAddedCount()).isGreaterThanOrEqualTo(2);
    awaitReady();
    assertThat(generate(hello.getEndpoint(), request(claims(5, 3), new byte[0]))).isNotEmpty();
  }

  /** Until the worker has the key of its session. */
  private void awaitReady() throws InterruptedException {
    for (int i = 0; i < 2_000 && !worker.ready(); i++) {
      Thread.sleep(10);
    }
    assertThat(worker.ready()).isTrue();
  }

  @Test
  void theNextSchedulerIsToldWhatIsPreemptedAndItGoesOnWithTheSameTokens() throws Exception {
    Hello hello = scheduler.await(AttachRequest::hasHello).getHello();
    awaitReady();
    List<Integer> undisturbed =
        tokens(generate(hello.getEndpoint(), request(claims(20, 200), new byte[32])));
    GrantClaims.Builder claims = claims(20, 200);
    CompletableFuture<List<GenerateResponse>> stream =
        CompletableFuture.supplyAsync(
            () -> generate(hello.getEndpoint(), request(claims, new byte[32])));
    scheduler.await(
        a ->
            a.getProgress().getRequestsList().stream()
                .anyMatch(r -> r.getRequestId().equals(claims.getRequestId())));
    scheduler.worker.onNext(
        AttachResponse.newBuilder()
            .setPreempt(
                Preempt.newBuilder()
                    .setRequestId(claims.getRequestId())
                    .setAttempt(1)
                    .setCausedByTenant("rival"))
            .build());
    // What is said on a session is taken in order: after this, it is paused or has just ended.
    scheduler.worker.onCompleted();

    Hello again = scheduler.await(AttachRequest::hasHello).getHello();
    for (RunningRequest running : again.getRunningList()) {
      assertThat(running.getPaused()).isTrue();
      assertThat(running.getPreemptions()).isEqualTo(1);
      scheduler.worker.onNext(
          AttachResponse.newBuilder()
              .setResume(Resume.newBuilder().setRequestId(claims.getRequestId()).setAttempt(1))
              .build());
    }
    assertThat(tokens(stream.get(20, TimeUnit.SECONDS))).isEqualTo(undisturbed);
  }

  private static List<Integer> tokens(List<GenerateResponse> responses) {
    return responses.stream().flatMap(r -> r.getTokens().getTokenIdsList().stream()).toList();
  }

  private static final class Ignore implements ServingListener {
    @Override
    public void ended(AttemptRecord attempt) {}

    @Override
    public void grantRefused(String reason, Optional<Lease> lease) {}
  }
}
