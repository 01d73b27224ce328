package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.quota.Budget;
import dev.cofferdam.gateway.quota.LimitState;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpenAiDialectTest {
  @Test
  void aBudgetThatIsNearlySpentIsToldInAHeader() {
    Budget.Use use = new Budget.Use(Budget.DAILY_TOKENS, 1_000, 830, 3_600_500);
    LimitState state = new LimitState(600, 599, 100, 1_000, 900, 600, Optional.of(use));

    assertThat(new OpenAiDialect().limits(state))
        .containsEntry("x-budget-alert", "daily_tokens; spent=83%; reset=3600s")
        .containsEntry("x-ratelimit-remaining-tokens", "900");
  }

  @ParameterizedTest
  @CsvSource({
    "-5, 0ms",
    "0, 0ms",
    "17, 17ms",
    "999, 999ms",
    "1000, 1s",
    "6500, 6.5s",
    "59999, 59.9s",
    "60000, 1m0s",
    "90100, 1m30.1s"
  })
  void durationsAreWrittenAsOpenAiDoes(long ms, String text) {
    assertThat(OpenAiDialect.duration(ms)).isEqualTo(text);
  }
}
