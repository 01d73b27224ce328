package dev.cofferdam.verification.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.openai.client.OpenAIClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.batches.BatchCreateParams;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc;
import dev.cofferdam.proto.audit.v1.ListRecordsRequest;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.proto.metering.v1.ListUsageRequest;
import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc;
import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import dev.cofferdam.verification.SdkBatch;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens to requests when parts of the mesh die. */
class FaultTest {
  private static final Mesh MESH = Mesh.shared();

  private static final LimitOverrides MANY_REQUESTS =
      LimitOverrides.newBuilder()
          .setRequestsPerMinute(100_000)
          .setTokensPerMinute(10_000_000)
          .build();

  /** Of both workers, 32 each. */
  private static final int SLOTS = 64;

  private static List<UsageRow> usage(String requestId) {
    return UsageServiceGrpc.newBlockingStub(MESH.metering())
        .listUsage(ListUsageRequest.newBuilder().setRequestId(requestId).build())
        .getRowsList();
  }

  private static void serves(TenantHandle tenant) {
    Patience.until(
        "the mesh serves again",
        () ->
            Generation.run(MESH.grpc(), tenant.apiKey(), Generation.chat("Hello").build())
                .status()
                .isOk());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aStreamGoesOnWithTheSameTextWhenItsWorkerIsKilled(boolean greedy) {
    TenantHandle tenant = MESH.newTenant("killed-" + greedy, "standard");
    Generation undisturbed =
        Generation.run(MESH.grpc(), tenant.apiKey(), Generation.endless(greedy, 1_200));
    assertThat(undisturbed.status().isOk()).as("%s", undisturbed.status()).isTrue();
    assertThat(undisturbed.deltas()).isGreaterThan(8);

    // Connects to the router before it is in a hurry: the stream takes a fraction of a second.
    assertThat(MESH.workerOf(undisturbed.requestId())).startsWith("worker-");
    String[] requestId = new String[1];
    String[] victim = new String[1];
    AtomicInteger deltas = new AtomicInteger();
    Generation disturbed =
        Generation.run(
            MESH.grpc(),
            Generation.credentials(tenant.apiKey(), ""),
            Generation.endless(greedy, 1_200),
            event -> {
              if (event.hasAccepted()) {
                requestId[0] = event.getAccepted().getRequestId();
              } else if (event.hasDelta() && deltas.incrementAndGet() == 2) {
                victim[0] = MESH.workerOf(requestId[0]);
                MESH.processes().kill(victim[0]);
              }
            });
    assertThat(disturbed.status().isOk()).as("%s", disturbed.status()).isTrue();
    assertThat(disturbed.text()).isEqualTo(undisturbed.text());

    List<UsageRow> rows =
        Patience.await(
            "usage of both attempts",
            () -> Optional.of(usage(disturbed.requestId())).filter(list -> list.size() >= 2));
    assertThat(rows.stream().mapToLong(UsageRow::getPromptTokens).sum())
        .isEqualTo(disturbed.finished().getUsage().getPromptTokens());
    assertThat(rows.stream().mapToLong(UsageRow::getOutputTokens).sum())
        .isEqualTo(disturbed.finished().getUsage().getOutputTokens());
    MESH.processes().awaitUp(victim[0]);
    serves(tenant);
  }

  @Test
  void batchWorkGivesWayToChatsAndGoesOnWithTheSameText() {
    List<TenantHandle> night =
        List.of(
            MESH.newTenant("night-1", "standard", MANY_REQUESTS),
            MESH.newTenant("night-2", "standard", MANY_REQUESTS));
    TenantHandle chat = MESH.newTenant("day", "standard");
    GenerateRequest work =
        Generation.endless(true, 1_000).toBuilder()
            .setWorkloadClass(WorkloadClass.WORKLOAD_CLASS_BATCH)
            .build();
    String undisturbed = Generation.run(MESH.grpc(), night.getFirst().apiKey(), work).text();
    double before = MESH.metrics().sum("scheduler", "cofferdam_scheduler_preemptions_total");
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      // The scheduler learns how long such work takes: where a slot is soon free, nobody gives way.
      for (CompletableFuture<Generation> one : start(16, work, night, clients)) {
        assertThat(one.join().text()).isEqualTo(undisturbed);
      }
      List<CompletableFuture<Generation>> running = start(SLOTS + 16, work, night, clients);
      Patience.until(
          "every slot is taken",
          () -> MESH.metrics().sum("scheduler", "cofferdam_scheduler_running") == SLOTS);
      serves(chat);
      for (CompletableFuture<Generation> one : running) {
        assertThat(one.join().status().isOk()).as("%s", one.join().status()).isTrue();
        assertThat(one.join().text()).isEqualTo(undisturbed);
      }
    }
    assertThat(MESH.metrics().sum("scheduler", "cofferdam_scheduler_preemptions_total"))
        .isGreaterThan(before);
  }

  private static List<CompletableFuture<Generation>> start(
      int count, GenerateRequest work, List<TenantHandle> tenants, ExecutorService clients) {
    List<CompletableFuture<Generation>> started = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String key = tenants.get(i % tenants.size()).apiKey();
      started.add(
          CompletableFuture.supplyAsync(() -> Generation.run(MESH.grpc(), key, work), clients));
    }
    return started;
  }

  @Test
  void whenTheSchedulerIsKilledUnderLoadTheOtherTakesOverAndNoRequestIsLost() throws Exception {
    theOtherTakesOver("killed", MESH.processes()::kill, MESH.processes()::awaitUp);
  }

  @Test
  void whenTheSchedulerHangsUnderLoadTheOtherTakesOverAndNoRequestIsLost() throws Exception {
    theOtherTakesOver("hangs", MESH.processes()::hang, MESH.processes()::goOn);
  }

  private static void theOtherTakesOver(
      String fate, Consumer<String> befalls, Consumer<String> passes) throws Exception {
    TenantHandle tenant = MESH.newTenant("takeover-" + fate, "standard", MANY_REQUESTS);
    Generation undisturbed =
        Generation.run(MESH.grpc(), tenant.apiKey(), Generation.endless(true, 1_200));
    List<CompletableFuture<Generation>> load = new ArrayList<>();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      CountDownLatch underWay = new CountDownLatch(8);
      for (int i = 0; i < 8; i++) {
        AtomicInteger deltas = new AtomicInteger();
        load.add(
            CompletableFuture.supplyAsync(
                () ->
                    Generation.run(
                        MESH.grpc(),
                        Generation.credentials(tenant.apiKey(), ""),
                        Generation.endless(true, 1_200),
                        event -> {
                          if (event.hasDelta() && deltas.incrementAndGet() == 2) {
                            underWay.countDown();
                          }
                        }),
                clients));
      }
      assertThat(underWay.await(60, TimeUnit.SECONDS)).isTrue();
      String leader =
          MESH.metrics().sum("scheduler-2", "cofferdam_scheduler_workers") > 0
              ? "scheduler-2"
              : "scheduler";
      befalls.accept(leader);
      try {
        long begun = System.nanoTime();
        Generation next =
            Generation.run(MESH.grpc(), tenant.apiKey(), Generation.chat("Hello").build());
        System.out.printf("takeover_s (%s) %.2f%n", fate, (System.nanoTime() - begun) / 1e9);
        assertThat(next.status().isOk()).as("%s", next.status()).isTrue();
      } finally {
        passes.accept(leader);
      }
      for (CompletableFuture<Generation> stream : load) {
        assertThat(stream.join().status().isOk()).as("%s", stream.join().status()).isTrue();
        assertThat(stream.join().text()).isEqualTo(undisturbed.text());
        assertThat(usageOnceThere(stream.join().requestId())).as("attempts").hasSize(1);
      }
    }
  }

  private static List<UsageRow> usageOnceThere(String requestId) {
    return Patience.await(
        "the usage", () -> Optional.of(usage(requestId)).filter(rows -> !rows.isEmpty()));
  }

  @Test
  void factsOfRequestsServedWhileKafkaIsAwayArriveWhenItReturns() {
    TenantHandle tenant = MESH.newTenant("kafka", "standard");
    serves(tenant);
    MESH.processes().stopKafka();
    List<String> requests = new ArrayList<>();
    try {
      for (int i = 0; i < 3; i++) {
        Generation generation =
            Generation.run(MESH.grpc(), tenant.apiKey(), Generation.chat("Hello").build());
        assertThat(generation.status().isOk()).as("%s", generation.status()).isTrue();
        requests.add(generation.requestId());
      }
    } finally {
      MESH.processes().startKafka();
    }
    for (String request : requests) {
      Patience.until("the usage fact", () -> usage(request).size() == 1);
      Patience.until(
          "the audit fact",
          () ->
              AuditServiceGrpc.newBlockingStub(MESH.audit())
                      .listRecords(ListRecordsRequest.newBuilder().setRequestId(request).build())
                      .getRecordsCount()
                  == 1);
    }
  }

  @Test
  void withoutRedisPaidTenantsGoOnAndFreeOnesAreRefused() {
    TenantHandle paid = MESH.newTenant("redis-paid", "standard");
    TenantHandle free = MESH.newTenant("redis-free", "free");
    serves(paid);
    serves(free);
    MESH.processes().stopRedis();
    try {
      Generation served =
          Generation.run(MESH.grpc(), paid.apiKey(), Generation.chat("Hello").build());
      assertThat(served.status().isOk()).as("%s", served.status()).isTrue();
      Generation refused =
          Generation.run(MESH.grpc(), free.apiKey(), Generation.chat("Hello").build());
      assertThat(refused.status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    } finally {
      MESH.processes().startRedis();
    }
    serves(free);
  }

  @Test
  void aGatewayThatIsToldToEndLetsItsStreamsFinish() throws Exception {
    TenantHandle tenant = MESH.newTenant("drain", "standard");
    ChatCompletionCreateParams ask =
        ChatCompletionCreateParams.builder()
            .model("support-desk")
            .addUserMessage("How do I print a return label?")
            .temperature(0)
            .build();
    String text =
        MESH.openAi(tenant.apiKey())
            .chat()
            .completions()
            .create(ask)
            .choices()
            .getFirst()
            .message()
            .content()
            .orElseThrow();
    AtomicReference<String> streamed = new AtomicReference<>();
    Generation ended =
        Generation.run(
            MESH.grpc(),
            Generation.credentials(tenant.apiKey(), ""),
            Generation.endless(true, 1_000),
            event -> {
              if (event.hasDelta() && streamed.get() == null) {
                streamed.set(streamPastTheEnd(tenant, ask));
              }
            });
    assertThat(ended.status().isOk()).as("%s", ended.status()).isTrue();
    assertThat(ended.finished().getUsage().getOutputTokens()).isEqualTo(1_000);
    assertThat(streamed.get()).isEqualTo(text);
    MESH.processes().awaitUp("gateway");
    serves(tenant);
  }

  /** The text of a stream in whose midst the gateway is told to end. */
  private static String streamPastTheEnd(TenantHandle tenant, ChatCompletionCreateParams ask) {
    StringBuilder text = new StringBuilder();
    try (StreamResponse<ChatCompletionChunk> stream =
        MESH.openAi(tenant.apiKey()).chat().completions().createStreaming(ask)) {
      stream.stream()
          .forEach(
              chunk -> {
                if (text.isEmpty()) {
                  MESH.processes().terminate("gateway");
                }
                chunk.choices().forEach(c -> c.delta().content().ifPresent(text::append));
              });
    }
    return text.toString();
  }

  @Test
  void aBatchGoesOnWhereAKilledGatewayLeftIt() throws Exception {
    int lines = 200;
    int linesAtOnce = 4;
    TenantHandle tenant = MESH.newTenant("batch", "standard", MANY_REQUESTS);
    OpenAIClient client = MESH.openAi(tenant.apiKey());
    String line =
        "{\"custom_id\":\"%d\",\"method\":\"POST\",\"url\":\"/v1/completions\",\"body\":"
            + "{\"model\":\"support-desk\",\"prompt\":\"Your parcel\",\"max_tokens\":20}}\n";
    String input =
        IntStream.range(0, lines).mapToObj(line::formatted).collect(Collectors.joining());
    SdkBatch batch = SdkBatch.of(client, BatchCreateParams.Endpoint.V1_COMPLETIONS, input);
    Patience.until(
        "some lines are done", () -> batch.now().requestCounts().orElseThrow().completed() >= 10);
    MESH.processes().kill("gateway");
    MESH.processes().awaitUp("gateway");
    serves(tenant);

    Set<String> answered = new HashSet<>();
    for (String answer :
        batch.content(batch.completed().outputFileId().orElseThrow()).lines().toList()) {
      assertThat(answered.add(new JsonMapper().readTree(answer).path("custom_id").asText()))
          .isTrue();
    }
    assertThat(answered).hasSize(lines);
    Patience.until("every line's usage", () -> batchRequests(tenant) >= lines);
    assertThat(batchRequests(tenant)).isBetween(lines, lines + linesAtOnce);
  }

  private static int batchRequests(TenantHandle tenant) {
    return (int)
        UsageServiceGrpc.newBlockingStub(MESH.metering())
            .listUsage(
                ListUsageRequest.newBuilder().setTenant(tenant.id()).setPageSize(1_000).build())
            .getRowsList()
            .stream()
            .filter(row -> row.getWorkloadClass().equals("batch"))
            .map(UsageRow::getRequestId)
            .distinct()
            .count();
  }

  @ParameterizedTest
  @ValueSource(strings = {"router", "scheduler", "metering", "audit", "gateway"})
  void theOthersRecoverByThemselvesWhenAServiceIsKilledAndStartedAgain(String service) {
    TenantHandle tenant = MESH.newTenant("restart-" + service, "standard");
    serves(tenant);
    MESH.processes().kill(service);
    MESH.processes().awaitUp(service);
    serves(tenant);
    String requestId =
        Generation.run(MESH.grpc(), tenant.apiKey(), Generation.chat("Hello").build()).requestId();
    Patience.until("the usage fact", () -> usage(requestId).size() == 1);
  }
}
