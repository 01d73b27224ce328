package dev.cofferdam.worker.app;

import dev.cofferdam.worker.batching.BatchStats;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.usage.AttemptRecord;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * A worker's figures under the names that vLLM gives them, for dashboards, autoscalers and gateways
 * made for it. By model, never by tenant.
 *
 * <p>Source: vLLM, "Production Metrics" (engine V1; {@code gpu_cache_usage_perc} is the former name
 * of {@code kv_cache_usage_perc}).
 */
final class VllmAliases {
  private static final Duration[] SHORT =
      milliseconds(10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, 2_500);
  private static final Duration[] FIRST_TOKEN =
      milliseconds(
          1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000, 20_000,
          40_000, 80_000);
  private static final Duration[] REQUEST =
      milliseconds(
          300, 500, 800, 1_000, 1_500, 2_000, 2_500, 5_000, 10_000, 15_000, 20_000, 30_000, 40_000,
          60_000, 120_000, 240_000);

  private final MeterRegistry registry;

  VllmAliases(MeterRegistry registry) {
    this.registry = registry;
  }

  void expose(WorkerNode node) {
    Tags model = Tags.of("model_name", node.models());
    gauge("vllm:num_requests_running", model, node, n -> n.stats().running());
    gauge(
        "vllm:num_requests_waiting",
        model,
        node,
        n -> Math.max(0, n.stats().sequences() - n.stats().running()));
    gauge("vllm:kv_cache_usage_perc", model, node, VllmAliases::kvUse);
    gauge("vllm:gpu_cache_usage_perc", model, node, VllmAliases::kvUse);
    FunctionCounter.builder("vllm:num_preemptions", node, n -> n.stats().preemptions())
        .tags(model)
        .register(registry);
  }

  /** The share of KV blocks that sequences hold. */
  static double kvUse(WorkerNode node) {
    BatchStats stats = node.stats();
    long blocks = node.kvBlocks();
    return blocks == 0 ? 0 : Math.clamp(1 - stats.blocksUnheld() / (double) blocks, 0, 1);
  }

  private void gauge(String name, Tags model, WorkerNode node, ToDoubleFunction<WorkerNode> value) {
    Gauge.builder(name, node, value).tags(model).register(registry);
  }

  void ended(AttemptRecord attempt) {
    SequenceUsage usage = attempt.usage();
    Tags model = Tags.of("model_name", attempt.lease().model());
    registry.counter("vllm:prompt_tokens", model).increment(usage.promptTokens());
    registry.counter("vllm:generation_tokens", model).increment(usage.outputTokens());
    registry.counter("vllm:prefix_cache_queries", model).increment(usage.promptTokens());
    registry.counter("vllm:prefix_cache_hits", model).increment(usage.cachedPromptTokens());
    String reason =
        switch (attempt.cause()) {
          case LENGTH -> "length";
          case STOP_TOKEN, FINISHED, EMBEDDED -> "stop";
          default -> attempt.cause().outcome().name().toLowerCase(Locale.ROOT);
        };
    registry.counter("vllm:request_success", model.and("finished_reason", reason)).increment();
    long queueNs = TimeUnit.MILLISECONDS.toNanos(attempt.lease().queueWaitMs());
    time("vllm:request_queue_time", model, REQUEST, queueNs);
    if (usage.outputTokens() == 0) {
      return;
    }
    time("vllm:request_prefill_time", model, REQUEST, usage.prefillNs());
    time("vllm:request_decode_time", model, REQUEST, usage.decodeNs());
    time("vllm:time_to_first_token", model, FIRST_TOKEN, queueNs + usage.prefillNs());
    time(
        "vllm:e2e_request_latency", model, REQUEST, queueNs + usage.prefillNs() + usage.decodeNs());
    if (usage.outputTokens() > 1) {
      time(
          "vllm:request_time_per_output_token",
          model,
          SHORT,
          usage.decodeNs() / (usage.outputTokens() - 1));
    }
  }

  private void time(String name, Tags model, Duration[] boundaries, long ns) {
    Timer.builder(name)
        .tags(model)
        .serviceLevelObjectives(boundaries)
        .register(registry)
        .record(ns, TimeUnit.NANOSECONDS);
  }

  private static Duration[] milliseconds(long... boundaries) {
    return Arrays.stream(boundaries).mapToObj(Duration::ofMillis).toArray(Duration[]::new);
  }
}
