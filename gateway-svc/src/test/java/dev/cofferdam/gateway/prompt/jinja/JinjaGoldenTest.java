package dev.cofferdam.gateway.prompt.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.vocabulary.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Templates in the families' styles, and expressions, against what Jinja makes of them. */
class JinjaGoldenTest {
  private static final Path FOLDER = Path.of("src/test/resources/templates");
  private static final Clock NOW =
      Clock.fixed(Instant.parse("2026-03-05T14:07:09Z"), ZoneOffset.UTC);

  static Stream<JsonNode> rendered() throws IOException {
    return rows().filter(row -> row.has("text"));
  }

  static Stream<JsonNode> refused() throws IOException {
    return rows().filter(row -> row.has("refused"));
  }

  private static Stream<JsonNode> rows() throws IOException {
    JsonNode rows = new JsonMapper().readTree(FOLDER.resolve("goldens.json").toFile());
    assertThat(rows.size()).isPositive();
    return StreamSupport.stream(rows.spliterator(), false);
  }

  @ParameterizedTest
  @MethodSource("rendered")
  void rendersAsJinjaDoes(JsonNode row) throws IOException {
    assertThat(template(row).render(messages(row)).text()).isEqualTo(row.path("text").asText());
  }

  @ParameterizedTest
  @MethodSource("refused")
  void refusesWhatFailsInJinja(JsonNode row) throws IOException {
    JinjaTemplate template = template(row);
    List<ChatMessage> messages = messages(row);
    assertThatThrownBy(() -> template.render(messages)).isInstanceOf(RefusedException.class);
  }

  private static JinjaTemplate template(JsonNode row) throws IOException {
    String source =
        row.has("source")
            ? row.path("source").asText()
            : Files.readString(FOLDER.resolve(row.path("name").asText() + ".jinja"));
    return new JinjaTemplate(source, Map.of("bos_token", "<s>", "eos_token", "</s>"), NOW);
  }

  private static List<ChatMessage> messages(JsonNode row) {
    List<ChatMessage> messages = new ArrayList<>();
    for (JsonNode m : row.path("messages")) {
      messages.add(new ChatMessage(m.path("role").asText(), m.path("content").asText()));
    }
    return messages;
  }
}
