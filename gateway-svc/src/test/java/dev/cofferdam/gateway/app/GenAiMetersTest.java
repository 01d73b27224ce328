package dev.cofferdam.gateway.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Operation;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class GenAiMetersTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final GenAiMeters meters =
      new GenAiMeters(registry, Operation.GENERATE, "support-desk", "standard");

  private static Ending ending(
      Optional<ErrorCode> code, int outputTokens, long ttft, long latency) {
    return new Ending(
        code.isPresent() ? AuditFact.Outcome.FAILED : AuditFact.Outcome.COMPLETED,
        code,
        Optional.empty(),
        1,
        new Told.Usage(10, 0, outputTokens),
        0,
        ttft,
        latency,
        0,
        0,
        false,
        Optional.empty(),
        Optional.empty());
  }

  private Timer timer(String name) {
    return registry.get(name).tag("gen_ai.request.model", "support-desk").timer();
  }

  @Test
  void tokensAfterTheFirstShareTheTimeAfterIt() {
    meters.ended(ending(Optional.empty(), 5, 100, 300));

    assertThat(timer("gen_ai.server.time_per_output_token").totalTime(TimeUnit.MILLISECONDS))
        .isCloseTo(50, within(1e-6));
    assertThat(timer("gen_ai.server.time_to_first_token").totalTime(TimeUnit.MILLISECONDS))
        .isCloseTo(100, within(1e-6));
  }

  @Test
  void oneTokenHasNoTimeForEachTokenAfterIt() {
    meters.ended(ending(Optional.empty(), 1, 100, 100));

    assertThat(timer("gen_ai.server.time_per_output_token").count()).isZero();
    assertThat(timer("gen_ai.server.time_to_first_token").count()).isEqualTo(1);
  }

  @Test
  void aFailedRequestHasADurationWithItsErrorAndNoTimesOfTokens() {
    meters.ended(ending(Optional.of(ErrorCode.WORKER_LOST), 5, 100, 300));

    assertThat(
            registry
                .get("gen_ai.server.request.duration")
                .tag("error.type", ErrorCode.WORKER_LOST.wireName())
                .timer()
                .count())
        .isEqualTo(1);
    assertThat(timer("gen_ai.server.time_to_first_token").count()).isZero();
  }
}
