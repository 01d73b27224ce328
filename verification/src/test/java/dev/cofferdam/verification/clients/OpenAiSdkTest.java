package dev.cofferdam.verification.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.OpenAIIoException;
import com.openai.errors.UnauthorizedException;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.batches.Batch;
import com.openai.models.batches.BatchCreateParams;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.Embedding;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.models.Model;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStreamEvent;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.SimilarResponses;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import dev.cofferdam.verification.Rest;
import dev.cofferdam.verification.SdkBatch;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The REST edge as the official OpenAI SDK for Java sees it. */
class OpenAiSdkTest {
  private static final Mesh MESH = Mesh.shared();
  private static TenantHandle tenant;
  private static OpenAIClient client;

  @BeforeAll
  static void makeTenant() {
    tenant = MESH.newTenant("sdk", "standard");
    client = MESH.openAi(tenant.apiKey());
  }

  private static ChatCompletionCreateParams.Builder question(String text) {
    return ChatCompletionCreateParams.builder()
        .model("support-desk")
        .addUserMessage(text)
        .temperature(0)
        .seed(7);
  }

  @Test
  void aStreamedAnswerIsTheSameAsAnUnstreamedOne() {
    ChatCompletion whole =
        client.chat().completions().create(question("How do I print a return label?").build());
    String text = whole.choices().getFirst().message().content().orElseThrow();
    assertThat(text).isNotBlank();
    assertThat(whole.usage().orElseThrow().completionTokens()).isPositive();

    StringBuilder streamed = new StringBuilder();
    String finish = "";
    try (StreamResponse<ChatCompletionChunk> stream =
        client
            .chat()
            .completions()
            .createStreaming(question("How do I print a return label?").build())) {
      for (ChatCompletionChunk chunk : (Iterable<ChatCompletionChunk>) stream.stream()::iterator) {
        for (var choice : chunk.choices()) {
          choice.delta().content().ifPresent(streamed::append);
          if (choice.finishReason().isPresent()) {
            finish = choice.finishReason().get().asString();
          }
        }
      }
    }
    assertThat(streamed.toString()).isEqualTo(text);
    assertThat(finish).isEqualTo("stop");
  }

  @Test
  void severalChoicesWithPenaltiesAndASeedAreTheSameAgain() {
    ChatCompletionCreateParams params =
        question("Tell me about returns, please.")
            .n(3)
            .temperature(1.0)
            .seed(7)
            .presencePenalty(0.3)
            .frequencyPenalty(0.1)
            .maxCompletionTokens(40)
            .build();
    ChatCompletion first = client.chat().completions().create(params);
    ChatCompletion again = client.chat().completions().create(params);
    assertThat(first.choices()).hasSize(3);
    assertThat(texts(first)).isEqualTo(texts(again));
    assertThat(first.choices()).extracting(c -> c.index()).containsExactly(0L, 1L, 2L);
    assertThat(first.usage().orElseThrow().completionTokens()).isBetween(3L, 120L);
  }

  private static List<String> texts(ChatCompletion completion) {
    return completion.choices().stream().map(c -> c.message().content().orElse("")).toList();
  }

  @Test
  void theUsageChunkComesLastWhenItIsAskedFor() {
    ChatCompletionCreateParams params =
        question("Where is my parcel?")
            .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
            .build();
    List<ChatCompletionChunk> chunks;
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(params)) {
      chunks = stream.stream().toList();
    }
    ChatCompletionChunk last = chunks.getLast();
    assertThat(last.choices()).isEmpty();
    assertThat(last.usage()).isPresent();
    assertThat(last.usage().orElseThrow().promptTokens()).isPositive();
    assertThat(chunks.subList(0, chunks.size() - 1))
        .allSatisfy(c -> assertThat(c.usage()).isEmpty());
  }

  @Test
  void aStopTextEndsTheAnswerBeforeIt() {
    String full =
        client
            .chat()
            .completions()
            .create(question("How do I print a return label?").build())
            .choices()
            .getFirst()
            .message()
            .content()
            .orElseThrow();
    String stop = full.substring(full.length() / 2, full.length() / 2 + 5);
    ChatCompletion stopped =
        client
            .chat()
            .completions()
            .create(question("How do I print a return label?").stop(stop).build());
    assertThat(stopped.choices().getFirst().message().content().orElseThrow())
        .isEqualTo(full.substring(0, full.indexOf(stop)));
    assertThat(stopped.choices().getFirst().finishReason().asString()).isEqualTo("stop");
  }

  @Test
  void theOutputBoundEndsTheAnswerWithLength() {
    ChatCompletion bounded =
        client
            .chat()
            .completions()
            .create(question("How do I print a return label?").maxCompletionTokens(3).build());
    assertThat(bounded.choices().getFirst().finishReason().asString()).isEqualTo("length");
    assertThat(bounded.usage().orElseThrow().completionTokens()).isEqualTo(3);
  }

  @Test
  void logprobsHaveTheirAlternatives() {
    ChatCompletion answer =
        client
            .chat()
            .completions()
            .create(
                question("Where is my parcel?")
                    .logprobs(true)
                    .topLogprobs(2)
                    .maxCompletionTokens(3)
                    .build());
    var content = answer.choices().getFirst().logprobs().orElseThrow().content().orElseThrow();
    assertThat(content).hasSize(3);
    assertThat(content.getFirst().topLogprobs()).hasSize(2);
    assertThat(content.getFirst().logprob()).isNotPositive();
  }

  @Test
  void completionsContinueEachOfTheirPrompts() {
    Completion answer =
        client
            .completions()
            .create(
                CompletionCreateParams.builder()
                    .model("support-desk")
                    .promptOfArrayOfStrings(List.of("Your parcel", "Please print"))
                    .maxTokens(4)
                    .temperature(0)
                    .logprobs(1)
                    .build());
    assertThat(answer.choices()).hasSize(2);
    assertThat(answer.choices().getFirst().text()).isNotBlank();
    assertThat(answer.choices().getFirst().logprobs().orElseThrow().tokenLogprobs().orElseThrow())
        .isNotEmpty();
  }

  @Test
  void aStreamedResponseIsTheSameAsAWholeOneAndNotKept() {
    ResponseCreateParams params =
        ResponseCreateParams.builder()
            .model("support-desk")
            .instructions("You are brief.")
            .input("How do I print a return label?")
            .maxOutputTokens(40)
            .temperature(0)
            .build();
    Response whole = client.responses().create(params);
    ResponseAccumulator streamed = ResponseAccumulator.create();
    try (StreamResponse<ResponseStreamEvent> stream = client.responses().createStreaming(params)) {
      stream.stream().forEach(streamed::accumulate);
    }
    assertThat(text(whole)).isNotBlank();
    assertThat(text(streamed.response())).isEqualTo(text(whole));
    assertThat(streamed.response().usage().orElseThrow().outputTokens())
        .isEqualTo(whole.usage().orElseThrow().outputTokens());
    assertThatThrownBy(() -> client.responses().create(params.toBuilder().store(true).build()))
        .isInstanceOf(BadRequestException.class)
        .hasMessageContaining("store");
  }

  private static String text(Response response) {
    return response.output().getFirst().asMessage().content().getFirst().asOutputText().text();
  }

  @Test
  void embeddingsAreUnitVectorsInTheOrderOfTheirTexts() {
    List<String> texts = List.of("Where is my parcel?", "Print a label", "Where is my parcel?");
    CreateEmbeddingResponse answer =
        client
            .embeddings()
            .create(
                EmbeddingCreateParams.builder()
                    .model("support-desk")
                    .inputOfArrayOfStrings(texts)
                    .build());
    List<List<Float>> vectors = answer.data().stream().map(Embedding::embedding).toList();
    assertThat(vectors).hasSize(3);
    assertThat(vectors.get(0)).isEqualTo(vectors.get(2)).isNotEqualTo(vectors.get(1));
    for (List<Float> vector : vectors) {
      assertThat(vector.stream().mapToDouble(v -> (double) v * v).sum()).isBetween(0.9999, 1.0001);
    }
    assertThat(answer.usage().promptTokens()).isPositive();
    assertThatThrownBy(
            () ->
                client
                    .embeddings()
                    .create(
                        EmbeddingCreateParams.builder()
                            .model("support-desk")
                            .input("Hello")
                            .dimensions(8)
                            .build()))
        .isInstanceOf(BadRequestException.class)
        .hasMessageContaining("dimensions");
  }

  @Test
  void aBatchIsRunLineByLineAndNobodyElseSeesIt() throws Exception {
    String lines =
        batchLine("first", "How do I print a return label?")
            + batchLine("second", "Where is my parcel?")
            + batchLine("third", "Hello").replace("\"max_tokens\":9", "\"max_tokens\":-1");
    SdkBatch batch = SdkBatch.of(client, BatchCreateParams.Endpoint.V1_CHAT_COMPLETIONS, lines);
    Batch ended = batch.completed();
    assertThat(ended.requestCounts().orElseThrow().completed()).isEqualTo(2);
    assertThat(ended.requestCounts().orElseThrow().failed()).isEqualTo(1);
    String answers = batch.content(ended.outputFileId().orElseThrow());
    assertThat(answers.lines()).hasSize(2).allMatch(line -> line.contains("\"status_code\":200"));
    assertThat(answers).contains("\"custom_id\":\"first\"", "\"custom_id\":\"second\"");
    assertThat(batch.content(ended.errorFileId().orElseThrow())).contains("third", "max_tokens");

    OpenAIClient stranger = MESH.openAi(MESH.newTenant("stranger", "standard").apiKey());
    assertThatThrownBy(() -> stranger.batches().retrieve(batch.id()))
        .isInstanceOf(NotFoundException.class);
    assertThatThrownBy(() -> stranger.files().retrieve(batch.file()))
        .isInstanceOf(NotFoundException.class);
    assertThat(client.files().delete(batch.file()).deleted()).isTrue();
  }

  private static String batchLine(String id, String question) {
    return ("{\"custom_id\":\"%s\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":"
            + "{\"model\":\"support-desk\",\"max_tokens\":9,\"temperature\":0,"
            + "\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}}\n")
        .formatted(id, question);
  }

  @Test
  void aQuestionThatMeansTheSameGetsTheAnswerThatWasGivenAndNoOtherTenantDoes() {
    TenantHandle asking = MESH.newTenant("similar", "standard", OpenAiSdkTest::similar);
    TenantHandle neighbour = MESH.newTenant("neighbour", "standard", OpenAiSdkTest::similar);
    Rest.Answer first = ask(asking, "How do I print a return label?");
    assertThat(first.header("x-response-cache")).isEmpty();
    // The answer is kept behind its end, so that it may be there a moment later.
    Patience.until(
        "the answer is kept",
        () ->
            ask(asking, "How do I print a return label?")
                .header("x-response-cache")
                .equals("exact"));
    Rest.Answer similar = ask(asking, "How do I print a return label");
    assertThat(similar.header("x-response-cache")).isEqualTo("similar");
    assertThat(similar.json().at("/choices/0/message"))
        .isEqualTo(first.json().at("/choices/0/message"));
    assertThat(ask(asking, "Where is my parcel?").header("x-response-cache")).isEmpty();
    // Their embeddings are as near; a name is not only words.
    ask(asking, "Do you ship to France?");
    assertThat(ask(asking, "Do you ship to Spain?").header("x-response-cache")).isEmpty();
    assertThat(ask(neighbour, "How do I print a return label?").header("x-response-cache"))
        .isEmpty();
  }

  private static Tenant.Builder similar(Tenant.Builder tenant) {
    return tenant
        .setResponseCacheSeconds(600)
        .setSimilarResponses(SimilarResponses.newBuilder().setSimilarityMin(0.98));
  }

  private static Rest.Answer ask(TenantHandle tenant, String question) {
    return MESH.rest()
        .post(
            "/v1/chat/completions",
            tenant.apiKey(),
            ("{\"model\":\"support-desk\",\"temperature\":0,\"max_tokens\":24,\"messages\":"
                    + "[{\"role\":\"user\",\"content\":\"%s\"}]}")
                .formatted(question));
  }

  @Test
  void aClientThatIsOverItsLimitTriesAgainAndIsServed() throws Exception {
    TenantHandle one =
        MESH.newTenant(
            "retries", "standard", LimitOverrides.newBuilder().setConcurrentRequests(1).build());
    OpenAIClient patient = MESH.openAi(one.apiKey(), 8, Duration.ofMinutes(1));
    AtomicReference<CompletableFuture<ChatCompletion>> second = new AtomicReference<>();
    Generation.run(
        MESH.grpc(),
        Generation.credentials(one.apiKey(), ""),
        Generation.endless(true, 1_000),
        event -> {
          if (event.hasDelta() && second.get() == null) {
            second.set(
                CompletableFuture.supplyAsync(
                    () -> patient.chat().completions().create(question("Hello").build())));
          }
        });
    assertThat(second.get().get(60, TimeUnit.SECONDS).choices()).hasSize(1);
  }

  @Test
  void aClientThatMeetsA503TriesAgainAndIsServed() {
    TenantHandle free = MESH.newTenant("retries-503", "free");
    OpenAIClient patient = MESH.openAi(free.apiKey(), 8, Duration.ofMinutes(1));
    ChatCompletion answer =
        MESH.throughRefusals(() -> patient.chat().completions().create(question("Hello").build()));
    assertThat(answer.choices()).hasSize(1);
  }

  @Test
  void aClientThatDoesNotWaitGivesUp() {
    OpenAIClient hasty = MESH.openAi(tenant.apiKey(), 0, Duration.ofMillis(1));
    assertThatThrownBy(() -> hasty.chat().completions().create(question("Hello").build()))
        .isInstanceOf(OpenAIIoException.class);
  }

  @Test
  void theModelsOfATenantAreListed() {
    assertThat(client.models().list().data().stream().map(Model::id)).contains("support-desk");
  }

  @Test
  void anUnknownKeyIsRefused() {
    OpenAIClient stranger = MESH.openAi("cdm_aaaaaaaaaaaa_" + "A".repeat(43));
    assertThatThrownBy(() -> stranger.chat().completions().create(question("Hello").build()))
        .isInstanceOf(UnauthorizedException.class);
  }

  @Test
  void anUnknownModelIsNotFound() {
    assertThatThrownBy(
            () ->
                client
                    .chat()
                    .completions()
                    .create(
                        ChatCompletionCreateParams.builder()
                            .model("gpt-0")
                            .addUserMessage("Hello")
                            .build()))
        .isInstanceOf(NotFoundException.class);
  }
}
