package dev.cofferdam.gateway.ingress.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.gateway.prompt.OutputText;
import dev.cofferdam.gateway.prompt.SampleFormats;
import dev.cofferdam.proto.inference.v1.AnswerSource;
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
import dev.cofferdam.vocabulary.Tier;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is asked well and answered. */
@Timeout(60)
class InferenceEndpointTest extends InferenceCalls {
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
  void theEndSaysWhereTheAnswerIsFrom() {
    gateway.likening = true;
    assertThat(source("Where is my parcel?")).isEqualTo(AnswerSource.ANSWER_SOURCE_WORKER);
    assertThat(source("Where is my parcel?")).isEqualTo(AnswerSource.ANSWER_SOURCE_SAME_INPUT);
    assertThat(source("So where is my parcel?"))
        .isEqualTo(AnswerSource.ANSWER_SOURCE_SIMILAR_INPUT);
  }

  private AnswerSource source(String question) {
    ChatMessage message = ChatMessage.newBuilder().setRole("user").setContent(question).build();
    return generate(ask().setChat(Chat.newBuilder().addMessages(message)).build())
        .last()
        .getFinished()
        .getSource();
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
    AuditFact fact = gateway.facts.await(1).getLast();
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
