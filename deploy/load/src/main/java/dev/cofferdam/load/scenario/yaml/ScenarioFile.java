package dev.cofferdam.load.scenario.yaml;

import dev.cofferdam.load.arrivals.Arrivals;
import dev.cofferdam.load.scenario.Scenario;
import dev.cofferdam.load.scenario.Stream;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.nodes.Node;

/**
 * Reads scenarios. Strict: what is unknown, there twice, missing or out of bounds is refused with
 * its line. The named scenarios are files of the same kind, so that each can be shown and changed.
 */
public final class ScenarioFile {
  /** Names of the scenarios that come with the program. */
  public static final List<String> NAMED =
      List.of(
          "steady",
          "chat",
          "burst",
          "noisy-neighbour",
          "long-context",
          "adapter-mix",
          "batch-and-chat");

  private static final int CHARS_MAX = 1 << 20;
  private static final double RATE_MAX = 10_000;
  private static final int WORDS_MAX = 100_000;
  private static final int TOKENS_MAX = 100_000;

  private ScenarioFile() {}

  /** The text of a named scenario. */
  public static Optional<String> text(String name) {
    if (!NAMED.contains(name)) {
      return Optional.empty();
    }
    try (InputStream in = ScenarioFile.class.getResourceAsStream(name + ".yaml")) {
      if (in == null) {
        throw new IllegalStateException(name + ".yaml is missing");
      }
      return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A named scenario. */
  public static Optional<Scenario> named(String name) {
    return text(name).map(text -> read(new StringReader(text)));
  }

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException "line 5: …" for one that does not hold
   */
  public static Scenario read(Reader text) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(CHARS_MAX);
    Node root;
    try {
      root = new Yaml(options).compose(text);
    } catch (MarkedYAMLException e) {
      throw new IllegalArgumentException(
          "line " + (e.getProblemMark().getLine() + 1) + ": " + e.getProblem(), e);
    }
    if (root == null) {
      throw new IllegalArgumentException("line 1: name, seconds and streams are expected");
    }
    Fields fields = Fields.of(root, Set.of("name", "description", "seconds", "streams"));
    double seconds = fields.number("seconds", 60, 1, Scenario.SECONDS_MAX);
    List<Stream> streams = new ArrayList<>();
    for (Node node : fields.list("streams")) {
      streams.add(stream(node, seconds));
    }
    return fields.checked(
        () ->
            new Scenario(
                fields.text("name", "unnamed"), fields.text("description", ""), seconds, streams));
  }

  private static Stream stream(Node node, double seconds) {
    Fields fields =
        Fields.of(
            node,
            Set.of(
                "name",
                "tenant",
                "api",
                "adapter",
                "class",
                "rate",
                "burst_rate",
                "every_s",
                "burst_s",
                "at_s",
                "from_s",
                "until_s",
                "input_words",
                "shared_words",
                "output_tokens"));
    String tenant = fields.text("tenant", "");
    if (!TenantId.isValid(tenant)) {
      throw fields.wrong("tenant", tenant + " (expected: [a-z0-9-]{1,63})");
    }
    return fields.checked(
        () ->
            new Stream(
                fields.text("name", tenant),
                new TenantId(tenant),
                fields.choice("api", Stream.Api.class, Stream.Api.GRPC),
                fields.text("adapter", ""),
                fields.choice("class", WorkloadClass.class, WorkloadClass.INTERACTIVE),
                arrivals(fields),
                fields.number("from_s", 0, 0, Scenario.SECONDS_MAX),
                fields.number("until_s", seconds, 0, Scenario.SECONDS_MAX),
                fields.range("input_words", WORDS_MAX),
                (int) fields.number("shared_words", 0, 0, WORDS_MAX),
                fields.range("output_tokens", TOKENS_MAX)));
  }

  private static Arrivals arrivals(Fields fields) {
    boolean trace = fields.has("at_s");
    if (trace == fields.has("rate")) {
      throw fields.wrong("rate", "(expected: either a rate, or the times at_s of a trace)");
    }
    if (trace) {
      return new Arrivals.Trace(fields.numbers("at_s", Scenario.SECONDS_MAX));
    }
    double rate = fields.number("rate", 1, 1e-3, RATE_MAX);
    return fields.has("burst_rate")
        ? new Arrivals.Bursts(
            rate,
            fields.number("burst_rate", rate, 1e-3, RATE_MAX),
            fields.number("every_s", 20, 0.1, Scenario.SECONDS_MAX),
            fields.number("burst_s", 5, 0.1, Scenario.SECONDS_MAX))
        : new Arrivals.Poisson(rate);
  }

  static String names(Class<? extends Enum<?>> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(c -> c.name().toLowerCase(Locale.ROOT))
        .toList()
        .toString();
  }
}
