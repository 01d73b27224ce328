package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Operation;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * How the requests of one tier to one model went, by the names and bucket boundaries of
 * OpenTelemetry's conventions for generative AI (gen-ai-metrics, "model server metrics").
 */
final class GenAiMeters {
  /** What the conventions call this platform. */
  static final String PROVIDER = "cofferdam";

  /** Bucket boundaries of the time for each output token. */
  static final Duration[] PER_OUTPUT_TOKEN =
      milliseconds(10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, 2_500);

  private static final Duration[] FIRST_TOKEN =
      milliseconds(
          1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000);
  private static final Duration[] REQUEST =
      milliseconds(
          10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120, 10_240, 20_480, 40_960, 81_920);

  private final MeterRegistry registry;
  private final Tags about;
  private final Map<String, Timer> requests = new ConcurrentHashMap<>();
  private final Timer firstToken;
  private final Timer perOutputToken;

  /**
   * @param model the base model; an adapter's name is its tenant's
   */
  GenAiMeters(MeterRegistry registry, Operation operation, String model, String tier) {
    this.registry = registry;
    this.about =
        Tags.of(
            "gen_ai.operation.name",
            operationName(operation),
            "gen_ai.provider.name",
            PROVIDER,
            "gen_ai.request.model",
            model,
            "tier",
            tier);
    this.firstToken = timer("gen_ai.server.time_to_first_token", about, FIRST_TOKEN);
    this.perOutputToken = timer("gen_ai.server.time_per_output_token", about, PER_OUTPUT_TOKEN);
  }

  /** An operation by the conventions' name. */
  static String operationName(Operation operation) {
    return operation == Operation.EMBED ? "embeddings" : "chat";
  }

  void ended(Ending ending) {
    requests
        .computeIfAbsent(
            ending.code().map(ErrorCode::wireName).orElse(""),
            code -> timer("gen_ai.server.request.duration", about.and("error.type", code), REQUEST))
        .record(ending.latencyMs(), TimeUnit.MILLISECONDS);
    if (ending.outcome() != AuditFact.Outcome.COMPLETED) {
      return;
    }
    if (ending.ttftMs() >= 0) {
      firstToken.record(ending.ttftMs(), TimeUnit.MILLISECONDS);
    }
    double perToken = ending.perOutputTokenMs();
    if (perToken >= 0) {
      perOutputToken.record((long) (perToken * 1e6), TimeUnit.NANOSECONDS);
    }
  }

  private Timer timer(String name, Tags tags, Duration[] boundaries) {
    return Timer.builder(name).tags(tags).serviceLevelObjectives(boundaries).register(registry);
  }

  private static Duration[] milliseconds(long... boundaries) {
    return Arrays.stream(boundaries).mapToObj(Duration::ofMillis).toArray(Duration[]::new);
  }
}
