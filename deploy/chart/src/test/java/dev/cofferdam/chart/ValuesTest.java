package dev.cofferdam.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** values.yaml and values.schema.json say the same of every value. */
class ValuesTest {
  private static final Pattern ENTRY = Pattern.compile("( *)([A-Za-z]+):(.*)");
  private static final Pattern COMMENT = Pattern.compile(" *# (.*)");

  @Test
  void everyValueIsDocumentedInBothWithTheSameWords() throws Exception {
    Map<String, String> schema = new TreeMap<>();
    JsonNode root =
        new ObjectMapper().readTree(Rendered.CHART.resolve("values.schema.json").toFile());
    describe("", root, schema);
    Map<String, String> values = documented();

    assertThat(values).hasSizeGreaterThan(90);
    assertThat(schema).isEqualTo(values);
  }

  @Test
  void nothingUndeclaredIsTaken() throws Exception {
    JsonNode root =
        new ObjectMapper().readTree(Rendered.CHART.resolve("values.schema.json").toFile());

    closed(root);
  }

  private static void closed(JsonNode node) {
    if (node.has("properties")) {
      assertThat(node.path("additionalProperties").asBoolean(true)).isFalse();
      node.get("properties").forEach(ValuesTest::closed);
    }
  }

  private static void describe(String path, JsonNode node, Map<String, String> found) {
    if (node.has("description")) {
      found.put(path, node.get("description").asText());
    }
    node.path("properties")
        .properties()
        .forEach(
            one ->
                describe(
                    path.isEmpty() ? one.getKey() : path + "." + one.getKey(),
                    one.getValue(),
                    found));
  }

  /** The comment before each value; every value that is no group must have one. */
  private static Map<String, String> documented() throws Exception {
    Map<String, String> found = new TreeMap<>();
    Deque<String> path = new ArrayDeque<>();
    Optional<String> comment = Optional.empty();
    int below = Integer.MAX_VALUE;
    for (String line : Files.readAllLines(Rendered.CHART.resolve("values.yaml"))) {
      Matcher words = COMMENT.matcher(line);
      if (words.matches()) {
        comment = Optional.of(words.group(1));
        continue;
      }
      Matcher entry = ENTRY.matcher(line);
      if (!entry.matches()) {
        continue;
      }
      int depth = entry.group(1).length() / 2;
      if (depth >= below) {
        continue; // inside of a value that is documented as a whole
      }
      below = Integer.MAX_VALUE;
      while (path.size() > depth) {
        path.removeLast();
      }
      path.addLast(entry.group(2));
      String name = String.join(".", path);
      if (comment.isPresent()) {
        found.put(name, comment.get());
      }
      boolean group = entry.group(3).isEmpty();
      assertThat(group || comment.isPresent()).as(name + " is documented").isTrue();
      boolean whole = name.equals("pools") || name.equals("models.volume");
      below = whole ? depth + 1 : Integer.MAX_VALUE;
      comment = Optional.empty();
    }
    return found;
  }
}
