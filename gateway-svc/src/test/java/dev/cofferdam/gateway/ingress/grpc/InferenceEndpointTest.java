package dev.cofferdam.gateway.ingress.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.dispatch.grpc.FakeFleet;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.gateway.prompt.OutputText;
import dev.cofferdam.gateway.prompt.SampleFormats;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.CountTokensRequest;
import dev.cofferdam.proto.inference.v1.EmbedRequest;
import dev.cofferdam.proto.inference.v1.EmbedResponse;
import dev.cofferdam.proto.inference.v1.FinishReason;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.ListModelsRequest;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import dev.cofferdam.proto.worker.v1.FinishRequest;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.wire.Statuses;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A client, the gateway, a router and two workers over real mTLS. */
@Timeout(60)
class InferenceEndpointTest {
  private static final String ANSWER = "Your parcel arrives on Monday. Is there anything else?";

  @TempDir Path folder;
  private FakeFleet fleet;
  private SampleGateway gateway;
  private MeshServer server;
  private ManagedChannel channel;
  private TestPki pki;

  @BeforeEach
  void start() throws Exception {
    pki = new TestPki(folder);
    int[] words = Samples.tokens(ANSWER);
    int[] script = java.util.Arrays.copyOf(words, words.length + 1);
    script[words.length] = Samples.EOT;
    fleet = new FakeFleet(pki, script);
    gateway =
        new SampleGateway(
            pki.identity("gateway", "spiffe://cofferdam.local/service/gateway"),
            List.of("127.0.0.1:1", fleet.router()));
    InferenceEndpoint endpoint =
        new InferenceEndpoint(gateway.intake, gateway.dispatcher, gateway.executor);
    server =
        MeshServer.builder(
                "cofferdam.local", pki.identity("edge", "spiffe://cofferdam.local/service/gateway"))
            .clientCertificateOptional()
            .connections(new GrpcConnections(gateway.connections))
            .interceptor(new IdentityInterceptor(gateway.authenticator(), gateway.intake))
            .service(endpoint::strict)
            .start();
    channel =
        NettyChannelBuilder.forAddress("localhost", server.port())
            .sslContext(GrpcSslContexts.forClient().trustManager(pki.trust().toFile()).build())
            .maxInboundMessageSize(32 << 20)
            .build();
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow();
    server.close();
    gateway.close();
    fleet.close();
    assertThat(gateway.bugs).isEmpty();
  }

  private InferenceServiceGrpc.InferenceServiceBlockingStub client() {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + SampleGateway.KEY);
    return InferenceServiceGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static GenerateRequest.Builder ask() {
    return GenerateRequest.newBuilder()
        .setChat(
            Chat.newBuilder()
                .addMessages(
                    ChatMessage.newBuilder()
                        .setRole("user")
                        .setContent("Where is my parcel with the long canary-4711 number?")))
        .setSampling(SamplingParameters.newBuilder().setTemperature(0).setMaxOutputTokens(200));
  }

  private record Answer(List<GenerateResponse> events) {
    String text() {
      StringBuilder text = new StringBuilder();
      events.forEach(e -> text.append(e.getDelta().getText()));
      return text.toString();
    }

    GenerateResponse last() {
      return events.getLast();
    }
  }

  private Answer generate(GenerateRequest request) {
    List<GenerateResponse> events = new ArrayList<>();
    client().generate(request).forEachRemaining(events::add);
    return new Answer(events);
  }

  @Test
  void embeddingsComeInTheOrderOfTheirTextsAndAreOneRequestForTheLimits() {
    List<String> texts = List.of("Where is my parcel?", "Hi", "Is there anything else?");
    EmbedResponse response =
        client()
            .embed(EmbedRequest.newBuilder().setModel("support-desk").addAllInputs(texts).build());

    int tokens = 0;
    for (int i = 0; i < texts.size(); i++) {
      int[] input = SampleFormats.SUPPORT_DESK.ofText(texts.get(i));
      tokens += input.length;
      assertThat(response.getEmbeddings(i).getValuesList())
          .containsExactly((float) input.length, (float) input[input.length - 1]);
    }
    assertThat(response.getEmbeddingsCount()).isEqualTo(3);
    assertThat(response.getModel()).isEqualTo("support-desk");
    assertThat(response.getUsage().getPromptTokens()).isEqualTo(tokens);
    assertThat(response.getUsage().getOutputTokens()).isZero();
    assertThat(fleet.generated).allMatch(asked -> asked.getPrefixKey().isEmpty());
    assertThat(fleet.placed).allMatch(p -> p.getEnvelope().getOutputTokensMax() == 0);
  }

  @Test
  void personalDataReachesNoWorkerAndComesBackToTheCaller() {
    gateway.tier = Tier.ENTERPRISE;
    int[] words = Samples.tokens("We wrote to [EMAIL_1] about [CARD_9].");
    fleet.script = java.util.Arrays.copyOf(words, words.length + 1);
    fleet.script[words.length] = Samples.EOT;
    StringBuilder answer = new StringBuilder();
    client()
        .generate(
            GenerateRequest.newBuilder()
                .setChat(
                    Chat.newBuilder()
                        .addMessages(
                            ChatMessage.newBuilder()
                                .setRole("user")
                                .setContent("I am ada@example.org, write to ada@example.org!")))
                .setSampling(
                    SamplingParameters.newBuilder().setTemperature(0).setMaxOutputTokens(200))
                .build())
        .forEachRemaining(message -> answer.append(message.getDelta().getText()));
    assertThat(answer).hasToString("We wrote to ada@example.org about [CARD_9].");
    OutputText seen = SampleFormats.SUPPORT_DESK.output(List.of());
    StringBuilder prompt = new StringBuilder();
    for (int token : fleet.generated.getFirst().getTokenIdsList()) {
      prompt.append(seen.accept(token).text());
    }
    assertThat(prompt).contains("I am [EMAIL_1], write to [EMAIL_1]!").doesNotContain("ada");
  }

  @Test
  void aConversationIsAnsweredAndItsUseToldSettledAndRecorded() throws Exception {
    Answer answer = generate(ask().build());
    assertThat(answer.events().getFirst().hasAccepted()).isTrue();
    assertThat(answer.text()).isEqualTo(ANSWER);
    var finished = answer.last().getFinished();
    assertThat(finished.getReason()).isEqualTo(FinishReason.FINISH_REASON_STOP);
    assertThat(finished.getUsage().getOutputTokens()).isEqualTo(fleet.words().length + 1);
    assertThat(finished.getUsage().getCachedPromptTokens()).isEqualTo(2);
    Ending ending = gateway.endings.poll(10, TimeUnit.SECONDS);
    assertThat(ending.outcome()).isEqualTo(AuditFact.Outcome.COMPLETED);
    assertThat(gateway.settled)
        .containsExactly(
            finished.getUsage().getPromptTokens() + "+" + finished.getUsage().getOutputTokens());
    AuditFact fact = gateway.facts.last();
    assertThat(fact.requestId().orElseThrow().value())
        .isEqualTo(answer.events().getFirst().getAccepted().getRequestId());
    assertThat(fact.generation().orElseThrow().workerId()).isEqualTo("w1");
    assertThat(fact.generation().orElseThrow().responseHmac()).hasSize(32);
    assertThat(fact.toString()).doesNotContain("canary-4711", "parcel");
  }

  @Test
  void theEnvelopeHasDigestsAndNoContent() {
    generate(ask().build());
    var envelope = fleet.placed.getFirst().getEnvelope();
    assertThat(envelope.getTenant()).isEqualTo("harbor-books");
    assertThat(envelope.getPrefixDigestsCount()).isEqualTo(envelope.getPromptTokens() / 16);
    assertThat(envelope.getPrefixDigestsCount()).isPositive();
    assertThat(envelope.toString()).doesNotContain("canary", "parcel");
    assertThat(fleet.generated.getFirst().getPrefixKey().size()).isEqualTo(32);
  }

  @Test
  void aStopTextEndsTheAnswerAndTheWorkerBillsWhatTheLimiterIsCharged() throws Exception {
    String stop = ANSWER.substring(ANSWER.length() / 2, ANSWER.length() / 2 + 4);
    GenerateRequest.Builder ask = ask();
    ask.getSamplingBuilder().addStop(stop);
    fleet.endless = true;
    Answer answer = generate(ask.build());
    assertThat(answer.text()).isEqualTo(ANSWER.substring(0, ANSWER.indexOf(stop)));
    var finished = answer.last().getFinished();
    assertThat(fleet.generated.getFirst().getSettles()).isTrue();
    FinishRequest bill = fleet.finished.poll(10, TimeUnit.SECONDS);
    assertThat(bill.getRequestId())
        .isEqualTo(answer.events().getFirst().getAccepted().getRequestId());
    assertThat(bill.getAttempt()).isEqualTo(1);
    assertThat(bill.getOutputTokens()).isEqualTo(finished.getUsage().getOutputTokens());
    assertThat(gateway.endings.poll(10, TimeUnit.SECONDS)).isNotNull();
    assertThat(gateway.settled)
        .containsExactly(finished.getUsage().getPromptTokens() + "+" + bill.getOutputTokens());
    assertThat(fleet.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aLostWorkersStreamGoesOnIdentically() throws Exception {
    fleet.dieAfter = 5;
    Answer answer = generate(ask().setSampling(SamplingParameters.newBuilder()).build());
    assertThat(answer.text()).isEqualTo(ANSWER);
    assertThat(fleet.placed).hasSize(2);
    var second = fleet.placed.get(1);
    assertThat(second.getEnvelope().getAttempt()).isEqualTo(2);
    assertThat(second.getExcludedWorkerIdsList()).containsExactly("w1");
    assertThat(second.getEnvelope().getGeneratedTokens()).isBetween(0, 5);
    assertThat(fleet.generated.get(1).getSampling().getSeed())
        .isEqualTo(fleet.generated.get(0).getSampling().getSeed());
    assertThat(gateway.endings.poll(10, TimeUnit.SECONDS).attempts()).isEqualTo(2);
    assertThat(answer.last().getFinished().getUsage().getOutputTokens())
        .isEqualTo(fleet.words().length + 1);
  }

  @Test
  void aStopTextEndsTheWorkersCall() throws Exception {
    fleet.endless = true;
    GenerateRequest request =
        ask().setSampling(SamplingParameters.newBuilder().addStop("arrives")).build();
    assertThat(generate(request).text()).isEqualTo("Your parcel ");
    assertThat(fleet.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aClientThatCancelsEndsTheWorkersCallAndPaysForWhatItGot() throws Exception {
    fleet.endless = true;
    io.grpc.Context.CancellableContext context = io.grpc.Context.current().withCancellation();
    context.run(
        () -> {
          Iterator<GenerateResponse> events = client().generate(ask().build());
          while (!events.next().hasDelta()) {
            // The first text is what the test waits for.
          }
        });
    context.cancel(null);
    assertThat(fleet.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
    Ending ending = gateway.endings.poll(10, TimeUnit.SECONDS);
    assertThat(ending.outcome()).isEqualTo(AuditFact.Outcome.CANCELLED);
    assertThat(ending.usage().outputTokens()).isPositive();
    assertThat(gateway.settled).hasSize(1);
  }

  @Test
  void aClientThatDoesNotReadHoldsBackItsWorker() throws Exception {
    fleet.endless = true;
    ClientCall<GenerateRequest, GenerateResponse> call =
        channel.newCall(InferenceServiceGrpc.getGenerateMethod(), CallOptions.DEFAULT);
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + SampleGateway.KEY);
    call.start(new ClientCall.Listener<>() {}, headers);
    call.sendMessage(
        ask().setSampling(SamplingParameters.newBuilder().setMaxOutputTokens(3_000)).build());
    call.halfClose();
    int before = -1;
    int now = fleet.sent.get();
    while (now == 0 || now != before) {
      TimeUnit.MILLISECONDS.sleep(500);
      before = now;
      now = fleet.sent.get();
    }
    assertThat(now).isLessThan(200_000);
    assertThat(gateway.endings).isEmpty();
    call.cancel("enough", null);
    assertThat(gateway.endings.poll(10, TimeUnit.SECONDS).outcome())
        .isEqualTo(AuditFact.Outcome.CANCELLED);
  }

  @Test
  void logprobsComeForTokensWithText() {
    Answer answer =
        generate(ask().setSampling(SamplingParameters.newBuilder().setTopLogprobs(1)).build());
    var logprobs =
        answer.events().stream().flatMap(e -> e.getDelta().getLogprobsList().stream()).toList();
    assertThat(logprobs).hasSize(fleet.words().length);
    StringBuilder text = new StringBuilder();
    logprobs.forEach(l -> text.append(l.getToken()));
    assertThat(text.toString()).isEqualTo(ANSWER);
  }

  static Stream<Arguments> refused() {
    SamplingParameters.Builder s = SamplingParameters.newBuilder();
    return Stream.of(
        Arguments.of("chat.messages", GenerateRequest.newBuilder().build()),
        Arguments.of("prompt", GenerateRequest.newBuilder().setPrompt("").build()),
        Arguments.of("chat.messages", ask().setChat(Chat.newBuilder()).build()),
        Arguments.of("chat.messages[0].role", ask().setChat(chat("wizard", "x")).build()),
        Arguments.of("chat.messages", ask().setChat(chat("user", " \n")).build()),
        Arguments.of("sampling.temperature", with(s.clone().setTemperature(-0.1f))),
        Arguments.of("sampling.temperature", with(s.clone().setTemperature(Float.NaN))),
        Arguments.of("sampling.temperature", with(s.clone().setTemperature(1e30f))),
        Arguments.of("sampling.top_p", with(s.clone().setTopP(0))),
        Arguments.of("sampling.top_p", with(s.clone().setTopP(Float.NaN))),
        Arguments.of("sampling.top_p", with(s.clone().setTopP(1.5f))),
        Arguments.of("sampling.top_k", with(s.clone().setTopK(-1))),
        Arguments.of("sampling.min_p", with(s.clone().setMinP(1.1f))),
        Arguments.of("sampling.min_p", with(s.clone().setMinP(Float.NaN))),
        Arguments.of("sampling.presence_penalty", with(s.clone().setPresencePenalty(2.5f))),
        Arguments.of("sampling.frequency_penalty", with(s.clone().setFrequencyPenalty(-3))),
        Arguments.of("sampling.repetition_penalty", with(s.clone().setRepetitionPenalty(0))),
        Arguments.of("sampling.max_output_tokens", with(s.clone().setMaxOutputTokens(0))),
        Arguments.of("sampling.max_output_tokens", with(s.clone().setMaxOutputTokens(-5))),
        Arguments.of("sampling.top_logprobs", with(s.clone().setTopLogprobs(21))),
        Arguments.of("sampling.stop", with(s.clone().addAllStop(List.of("a", "b", "c", "d", "e")))),
        Arguments.of("sampling.stop", with(s.clone().addStop(""))),
        Arguments.of("workload_class", ask().setWorkloadClassValue(99).build()));
  }

  private static Chat chat(String role, String content) {
    return Chat.newBuilder()
        .addMessages(ChatMessage.newBuilder().setRole(role).setContent(content))
        .build();
  }

  private static GenerateRequest with(SamplingParameters.Builder sampling) {
    return ask().setSampling(sampling).build();
  }

  @ParameterizedTest
  @MethodSource("refused")
  void whatIsMalformedIsRefusedByTheNameOfItsField(String field, GenerateRequest request) {
    Refusal refusal = refusal(() -> generate(request));
    assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(refusal.parameter()).contains(field);
    assertThat(fleet.placed).isEmpty();
  }

  private static Refusal refusal(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      return Statuses.toRefusal(e);
    }
    throw new AssertionError("was not refused");
  }

  @Test
  void aContextOverTheCapIsRefusedWithItsNumbers() {
    Refusal refusal =
        refusal(
            () ->
                generate(
                    with(SamplingParameters.newBuilder().setMaxOutputTokens(Integer.MAX_VALUE))));
    assertThat(refusal.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
    assertThat(refusal.metadata())
        .containsEntry("context_tokens_max", "4000")
        .containsEntry("output_tokens_max", "2147483647");
    assertThat(refusal(() -> generate(ask().setPrompt("parcel ".repeat(5_000)).build())).code())
        .isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
  }

  @Test
  void aContextOverThePoolsCapIsRefusedBeforeAnythingIsReserved() {
    gateway.poolContextTokensMax = OptionalInt.of(100);

    Refusal refusal =
        refusal(() -> generate(with(SamplingParameters.newBuilder().setMaxOutputTokens(100))));

    assertThat(refusal.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
    assertThat(refusal.metadata()).containsEntry("context_tokens_max", "100");
    assertThat(gateway.settled).isEmpty();
  }

  @Test
  void moreKvThanTheTenantsQuotaIsRefusedBeforeAnythingIsReserved() {
    Refusal refusal =
        refusal(
            () ->
                generate(
                    with(SamplingParameters.newBuilder().setMaxOutputTokens(1_001)).toBuilder()
                        .setModel("heavy-model")
                        .build()));

    assertThat(refusal.code()).isEqualTo(ErrorCode.KV_QUOTA_EXCEEDED);
    assertThat(refusal.metadata())
        .containsEntry("kv_bytes_max", "1000000000")
        .containsEntry("kv_bytes_per_token", "10000000");
    assertThat(gateway.settled).isEmpty();
  }

  @Test
  void aStormOfRefusedRequestsIsAnsweredWithoutLookingAtThem() {
    GenerateRequest bad = with(SamplingParameters.newBuilder().setMaxOutputTokens(100_000));
    ErrorCode last = ErrorCode.CONTEXT_LENGTH_EXCEEDED;
    int refusals = 0;
    while (last == ErrorCode.CONTEXT_LENGTH_EXCEEDED && refusals++ < 1_000) {
      last = refusal(() -> generate(bad)).code();
    }

    assertThat(last).isEqualTo(ErrorCode.CIRCUIT_OPEN);
    assertThat(gateway.breakers.pauses()).isEqualTo(1);
  }

  @Test
  void unknownForeignAndRestrictedModelsAnswerTheSame() {
    Refusal unknown = refusal(() -> generate(ask().setModel("nope").build()));
    assertThat(unknown.code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    assertThat(refusal(() -> generate(ask().setModel("secret-model").build()))).isEqualTo(unknown);
    Refusal adapter = refusal(() -> generate(ask().setAdapter("nope").build()));
    assertThat(adapter.code()).isEqualTo(ErrorCode.ADAPTER_NOT_FOUND);
    assertThat(refusal(() -> generate(ask().setAdapter("pixel-pirates").build())))
        .isEqualTo(adapter);
    assertThat(gateway.facts.last().operation()).isEqualTo("isolation_violation");
    assertThat(gateway.facts.last().severity()).isEqualTo(AuditFact.Severity.CRITICAL);
  }

  @Test
  void aMessageOfTenMegabytesIsRefused() {
    assertThatThrownBy(() -> generate(ask().setPrompt("x".repeat(10 << 20)).build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
  }

  @Test
  void textThatIsNotUtf8IsRefused() {
    byte[] message = {0x1a, 0x02, (byte) 0xc3, 0x28};
    MethodDescriptor<byte[], GenerateResponse> raw =
        MethodDescriptor.<byte[], GenerateResponse>newBuilder()
            .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
            .setFullMethodName(InferenceServiceGrpc.getGenerateMethod().getFullMethodName())
            .setRequestMarshaller(new RawMarshaller())
            .setResponseMarshaller(InferenceServiceGrpc.getGenerateMethod().getResponseMarshaller())
            .build();
    Refusal refusal =
        refusal(
            () ->
                ClientCalls.blockingServerStreamingCall(
                        client().getChannel(), raw, CallOptions.DEFAULT, message)
                    .forEachRemaining(e -> {}));
    assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
  }

  private static final class RawMarshaller implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      throw new UnsupportedOperationException("requests are not parsed here");
    }
  }

  @Test
  void withoutAKeyThereIsNoService() {
    Refusal refusal =
        refusal(
            () ->
                InferenceServiceGrpc.newBlockingStub(channel)
                    .generate(ask().build())
                    .forEachRemaining(e -> {}));
    assertThat(refusal.code()).isEqualTo(ErrorCode.UNAUTHENTICATED);
  }

  @Test
  void aLimitIsAnsweredWithWhenToTryAgain() {
    gateway.limitWith = Optional.of(Refusal.of(ErrorCode.RATE_LIMIT_TOKENS, "used up"));
    Refusal refusal = refusal(() -> generate(ask().build()));
    assertThat(refusal.code()).isEqualTo(ErrorCode.RATE_LIMIT_TOKENS);
    assertThat(refusal.retryAfter().orElseThrow().toMillis()).isEqualTo(1_250);
    assertThat(gateway.settled).isEmpty();
  }

  @Test
  void noCapacityIsAnsweredAsTheFleetSaysAndTheLeaseGivenBack() throws Exception {
    fleet.refuseWith = "queue_full";
    Refusal refusal = refusal(() -> generate(ask().build()));
    assertThat(refusal.code()).isEqualTo(ErrorCode.QUEUE_FULL);
    assertThat(refusal.retryAfter().orElseThrow().toMillis()).isEqualTo(1_500);
    assertThat(gateway.endings.poll(10, TimeUnit.SECONDS)).isNotNull();
    assertThat(gateway.settled).containsExactly("0+0");
  }

  @Test
  void tokensAreCountedAsTheyWouldBeUsed() {
    var chat = ask().getChat();
    int counted =
        client()
            .countTokens(CountTokensRequest.newBuilder().setChat(chat).build())
            .getPromptTokens();
    assertThat(generate(ask().build()).last().getFinished().getUsage().getPromptTokens())
        .isEqualTo(counted);
  }

  @Test
  void modelsAreListedWithTheCallersAdapters() {
    var models = client().listModels(ListModelsRequest.getDefaultInstance()).getModelsList();
    assertThat(models).hasSize(1);
    assertThat(models.getFirst().getId()).isEqualTo("support-desk");
    assertThat(models.getFirst().getAdaptersList()).containsExactly("harbor-books");
    assertThat(models.getFirst().getContextTokensMax()).isEqualTo(4_000);
  }

  @Test
  void theRequestsNameIsInTheTrailers() {
    var trailers = new java.util.concurrent.atomic.AtomicReference<Metadata>();
    var headers = new java.util.concurrent.atomic.AtomicReference<Metadata>();
    List<GenerateResponse> events = new ArrayList<>();
    client()
        .withInterceptors(MetadataUtils.newCaptureMetadataInterceptor(headers, trailers))
        .generate(ask().build())
        .forEachRemaining(events::add);
    String id = events.getFirst().getAccepted().getRequestId();
    var key = Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);
    assertThat(headers.get().get(key)).isEqualTo(id);
    assertThat(trailers.get().get(key)).isEqualTo(id);
  }
}
