package dev.cofferdam.gateway.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cofferdam.vocabulary.RefusedException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The sample model's prompts against what Hugging Face's libraries make of them. */
class TokenizerGoldenTest {
  private static final Path GOLDEN = Path.of("../worker-svc/src/test/resources/golden");
  private static final PromptFormat FORMAT = SampleFormats.SUPPORT_DESK;

  static Stream<JsonNode> texts() throws IOException {
    return rows("tokenization.json");
  }

  static Stream<JsonNode> chats() throws IOException {
    return rows("chat-tokens.json").filter(r -> r.path("add_generation_prompt").asBoolean());
  }

  static Stream<JsonNode> renderedChats() throws IOException {
    return rows("chat-template.json").filter(r -> r.path("add_generation_prompt").asBoolean());
  }

  static Stream<JsonNode> refusedChats() throws IOException {
    return rows("chat-template-refusals.json");
  }

  private static Stream<JsonNode> rows(String file) throws IOException {
    JsonNode rows = new JsonMapper().readTree(GOLDEN.resolve(file).toFile());
    assertThat(rows.size()).isPositive();
    return StreamSupport.stream(rows.spliterator(), false);
  }

  @ParameterizedTest
  @MethodSource("texts")
  void clientTextBecomesTheLibrarysTokensWithoutAnyAddedOne(JsonNode row) {
    int[] tokens = FORMAT.ofText(row.path("text").asText());
    assertThat(tokens[0]).isEqualTo(4091);
    assertThat(java.util.Arrays.copyOfRange(tokens, 1, tokens.length))
        .containsExactly(ids(row.path("ids_plain")));
  }

  @ParameterizedTest
  @MethodSource("texts")
  void templateTextBecomesTheLibrarysTokensWithAddedOnes(JsonNode row) {
    MarkedText text = MarkedText.own(row.path("text").asText());
    assertThat(FORMAT.tokenizer().encodeRendered(text)).containsExactly(ids(row.path("ids")));
  }

  @ParameterizedTest
  @MethodSource("texts")
  void tokensBecomeTheirTextAgain(JsonNode row) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int id : ids(row.path("ids"))) {
      bytes.writeBytes(FORMAT.tokenizer().bytes(id));
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo(row.path("text").asText());
  }

  @ParameterizedTest
  @MethodSource("chats")
  void conversationsBecomeTheLibrarysTokens(JsonNode row) {
    assertThat(FORMAT.ofChat(messages(row))).containsExactly(ids(row.path("ids")));
  }

  @ParameterizedTest
  @MethodSource("renderedChats")
  void conversationsAreRenderedAsTheLibraryDoes(JsonNode row) {
    assertThat(FORMAT.template().orElseThrow().render(messages(row)).text())
        .isEqualTo(row.path("text").asText());
  }

  @ParameterizedTest
  @MethodSource("refusedChats")
  void conversationsThatTheTemplateRaisesOnAreRefused(JsonNode row) {
    assertThatThrownBy(() -> FORMAT.ofChat(messages(row))).isInstanceOf(RefusedException.class);
  }

  private static List<ChatMessage> messages(JsonNode row) {
    List<ChatMessage> messages = new ArrayList<>();
    for (JsonNode m : row.path("messages")) {
      messages.add(new ChatMessage(m.path("role").asText(), m.path("content").asText()));
    }
    return messages;
  }

  private static int[] ids(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
  }
}
