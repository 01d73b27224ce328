package dev.cofferdam.gateway.ingress.rest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RefusalsTest {
  @Test
  void aSpentBudgetSaysThatWaitingDoesNotHelpAndWhatDoes() {
    Refusal refusal =
        new Refusal(
            ErrorCode.BUDGET_EXHAUSTED,
            "spent",
            Optional.empty(),
            Optional.empty(),
            Map.of("help_url", "https://dashboard.example/budget"));

    assertThat(Refusals.headers(refusal))
        .containsOnly(
            Map.entry("x-should-retry", "false"),
            Map.entry("link", "<https://dashboard.example/budget>; rel=\"help\""));
  }

  @Test
  void aPauseSaysHowLongInSecondsRoundedUpAndInMilliseconds() {
    Refusal refusal =
        Refusal.of(ErrorCode.CIRCUIT_OPEN, "pause").withRetryAfter(Duration.ofMillis(1_250));

    assertThat(Refusals.headers(refusal))
        .containsOnly(Map.entry("retry-after", "2"), Map.entry("retry-after-ms", "1250"));
  }
}
