package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.ResponseCache;
import dev.cofferdam.vocabulary.ErrorCode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** How the requests of one tenant went. Meters are kept: to look one up costs ten times its use. */
final class TenantMeters {
  private final MeterRegistry registry;
  private final Tags who;
  private final Map<String, Counter> requests = new ConcurrentHashMap<>();
  private final Counter prompt;
  private final Counter cachedPrompt;
  private final Counter output;
  private final Timer ttft;
  private final Timer perOutputToken;
  private final Timer latency;

  TenantMeters(MeterRegistry registry, Tags who) {
    this.registry = registry;
    this.who = who;
    this.prompt = tokens("prompt");
    this.cachedPrompt = tokens("cached_prompt");
    this.output = tokens("output");
    this.ttft = timer("cofferdam.ttft").register(registry);
    this.perOutputToken =
        Timer.builder("cofferdam.time.per.output.token")
            .tags(who)
            .serviceLevelObjectives(GenAiMeters.PER_OUTPUT_TOKEN)
            .register(registry);
    this.latency = timer("cofferdam.latency").register(registry);
  }

  void ended(Generation generation, Ending ending) {
    requests
        .computeIfAbsent(
            ending.code().map(ErrorCode::wireName).orElse("ok"),
            code -> registry.counter("cofferdam.requests", who.and("code", code)))
        .increment();
    prompt.increment(ending.usage().promptTokens());
    cachedPrompt.increment(ending.usage().cachedPromptTokens());
    output.increment(ending.usage().outputTokens());
    if (generation.recallable()) {
      registry
          .counter(
              "cofferdam.responses",
              who.and("recalled", ending.recalled().map(ResponseCache.Match::label).orElse("no")))
          .increment();
    }
    generation
        .masking()
        .counts()
        .forEach(
            (kind, values) ->
                registry
                    .counter("cofferdam.privacy.masked", who.and("kind", kind.label()))
                    .increment(values));
    if (ending.attempts() > 1) {
      registry.counter("cofferdam.requests.continued", who).increment(ending.attempts() - 1);
    }
    if (ending.ttftMs() >= 0) {
      ttft.record(Duration.ofMillis(ending.ttftMs()));
    }
    double perToken = ending.perOutputTokenMs();
    if (perToken >= 0) {
      perOutputToken.record((long) (perToken * 1e6), TimeUnit.NANOSECONDS);
    }
    latency.record(Duration.ofMillis(ending.latencyMs()));
  }

  private Counter tokens(String kind) {
    return registry.counter("cofferdam.tokens", who.and("kind", kind));
  }

  private Timer.Builder timer(String name) {
    return Timer.builder(name)
        .tags(who)
        .publishPercentileHistogram(false)
        .serviceLevelObjectives(
            Duration.ofMillis(10),
            Duration.ofMillis(25),
            Duration.ofMillis(50),
            Duration.ofMillis(100),
            Duration.ofMillis(250),
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofMillis(2_500),
            Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            Duration.ofSeconds(30));
  }
}
