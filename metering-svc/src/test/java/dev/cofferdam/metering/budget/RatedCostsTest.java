package dev.cofferdam.metering.budget;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.metering.ledger.Rollup;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Prices;
import dev.cofferdam.metering.pricing.RateCard;
import dev.cofferdam.metering.pricing.Step;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RatedCostsTest {
  private static final TenantId TENANT = new TenantId("acme");
  private static final LocalDate DAY = LocalDate.parse("2026-03-02");

  private static Rollup hour(String start, String model, long input, long cached, long output) {
    Instant at = Instant.parse(start);
    return new Rollup(
        TENANT, model, "", "interactive", at, at, 1, input, cached, output, 1_000, 1_000);
  }

  private static Prices prices(String from, long output) {
    Map<Meter, List<Step>> others =
        Map.of(
            Meter.INPUT_TOKENS, List.of(new Step(0, 1_000_000)),
            Meter.CACHED_INPUT_TOKENS, List.of(new Step(0, 100_000)),
            Meter.OUTPUT_TOKENS, List.of(new Step(0, output), new Step(10, 1)),
            Meter.REQUESTS, List.of(new Step(0, 9_000_000)));
    Map<Meter, List<Step>> free = Map.of(Meter.INPUT_TOKENS, List.of(new Step(0, 0)));
    return new Prices(Instant.parse(from), Map.of(Prices.OTHERS, others, "free", free));
  }

  private static final RateCard CARD =
      new RateCard(
          "default",
          1,
          "EUR",
          List.of(
              prices("1970-01-01T00:00:00Z", 3_000_000),
              prices("2026-03-02T00:00:00Z", 7_000_000)));

  @Test
  void eachHourCostsWhatTokensCostInItWithoutStepsAndRequests() {
    Costs.Cost cost =
        new RatedCosts(tenant -> Optional.of(CARD))
            .of(
                TENANT,
                List.of(
                    hour("2026-03-01T23:00:00Z", "support-desk", 100, 40, 20),
                    hour("2026-03-02T00:00:00Z", "support-desk", 100, 40, 20),
                    hour("2026-03-02T01:00:00Z", "free", 1_000, 0, 1_000)),
                DAY);
    assertThat(cost).isEqualTo(new Costs.Cost(60 + 4 + 140, 60 + 4 + 60 + 60 + 4 + 140));
  }

  @Test
  void aSumIsRoundedUpOnceAndATenantWithoutACardPaysNothing() {
    List<Rollup> hours =
        List.of(
            hour("2026-03-02T00:00:00Z", "support-desk", 1, 1, 0),
            hour("2026-03-02T01:00:00Z", "support-desk", 1, 1, 0));
    assertThat(new RatedCosts(tenant -> Optional.of(CARD)).of(TENANT, hours, DAY))
        .isEqualTo(new Costs.Cost(1, 1));
    assertThat(new RatedCosts(tenant -> Optional.empty()).of(TENANT, hours, DAY))
        .isEqualTo(new Costs.Cost(0, 0));
  }
}
