package dev.cofferdam.verification.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.models.Model;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import java.util.List;
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
