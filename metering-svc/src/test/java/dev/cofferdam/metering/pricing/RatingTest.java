package dev.cofferdam.metering.pricing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.metering.pricing.kafka.ConfiguredRateBook;
import dev.cofferdam.proto.admin.v1.ModelRate;
import dev.cofferdam.proto.admin.v1.PriceVersion;
import dev.cofferdam.proto.admin.v1.VolumePrice;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class RatingTest {
  private static final Instant MARCH = Instant.parse("2026-03-01T00:00:00Z");
  private static final Instant MIDDLE = Instant.parse("2026-03-15T00:00:00Z");

  private static RateCard card(Prices... versions) {
    return new RateCard("c", 1, "EUR", List.of(versions));
  }

  private static Prices output(Instant from, Step... steps) {
    return new Prices(from, Map.of("", Map.of(Meter.OUTPUT_TOKENS, List.of(steps))));
  }

  private static Use outputs(Instant at, String adapter, long tokens) {
    return new Use(at, "m", adapter, "standard", 0, 0, tokens, 0, 0, 0, 0);
  }

  @Test
  void whatCrossesAStepIsSplitThere() {
    Rating rating = new Rating(card(output(Instant.EPOCH, new Step(0, 10), new Step(100, 5))));

    assertThat(rating.add(outputs(MARCH, "", 60)))
        .extracting(Rating.Part::units)
        .containsExactly(60L);
    List<Rating.Part> parts = rating.add(outputs(MARCH, "a", 50));

    assertThat(parts).extracting(Rating.Part::units).containsExactly(40L, 10L);
    assertThat(parts).extracting(p -> p.charge().priceMicros()).containsExactly(10L, 5L);
  }

  @Test
  void volumesCountOnWhereThePricesChange() {
    Rating rating =
        new Rating(
            card(
                output(Instant.EPOCH, new Step(0, 10), new Step(100, 5)),
                output(MIDDLE, new Step(0, 20), new Step(100, 8))));
    rating.add(outputs(MIDDLE.minusMillis(1), "", 90));
    rating.add(outputs(MIDDLE, "", 30));

    assertThat(rating.charges().entrySet())
        .extracting(e -> e.getKey().version(), e -> e.getKey().priceMicros(), Map.Entry::getValue)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(Instant.EPOCH, 10L, 90L),
            org.assertj.core.groups.Tuple.tuple(MIDDLE, 20L, 10L),
            org.assertj.core.groups.Tuple.tuple(MIDDLE, 8L, 20L));
  }

  @Test
  void whatHasNoPriceMakesNoCharge() {
    Rating rating = new Rating(card(output(Instant.EPOCH, new Step(0, 10))));
    assertThat(rating.add(new Use(MARCH, "m", "", "batch", 5, 5, 0, 1, 9, 0, 0))).isEmpty();
    assertThat(rating.charges()).isEmpty();
  }

  @Test
  void anAmountIsRoundedOnceHalfToEven() {
    assertThat(Money.of(1, 500_000, Meter.OUTPUT_TOKENS)).isEqualTo("0.000000");
    assertThat(Money.of(3, 500_000, Meter.OUTPUT_TOKENS)).isEqualTo("0.000002");
    assertThat(Money.of(1_000_000, 250_000, Meter.OUTPUT_TOKENS)).isEqualTo("0.250000");
    assertThat(Money.of(1_800_000_000L, 3_000_000, Meter.GPU_SECONDS)).isEqualTo("1.500000");
    assertThat(Money.due(new BigDecimal("0.125000"), "EUR")).isEqualTo("0.12");
    assertThat(Money.due(new BigDecimal("2.500000"), "JPY")).isEqualTo("2");
  }

  @Test
  void aCardsFormerAndLaterPricesAreOneLine() {
    ModelRate.Builder rate = ModelRate.newBuilder();
    dev.cofferdam.proto.admin.v1.RateCard record =
        dev.cofferdam.proto.admin.v1.RateCard.newBuilder()
            .setId("c")
            .setCurrency("EUR")
            .addFormer(version(0, rate.setOutputMicrosPerMillion(1)))
            .setSinceEpochS(MARCH.getEpochSecond())
            .addRates(
                rate.setOutputMicrosPerMillion(2)
                    .addVolumePrices(
                        VolumePrice.newBuilder()
                            .setMeter(dev.cofferdam.proto.admin.v1.Meter.METER_GPU_SECONDS)
                            .setAbove(5)
                            .setMicros(7)))
            .setStorageMicrosPerGibHour(9)
            .addVersions(version(MIDDLE.getEpochSecond(), rate.setOutputMicrosPerMillion(3)))
            .build();

    RateCard card = ConfiguredRateBook.card(record);

    assertThat(List.of(MARCH.minusMillis(1), MARCH, MIDDLE))
        .extracting(at -> card.at(at).steps("m", Meter.OUTPUT_TOKENS).getFirst().micros())
        .containsExactly(1L, 2L, 3L);
    assertThat(card.at(MARCH).steps("m", Meter.GPU_SECONDS))
        .containsExactly(new Step(0, 0), new Step(5_000_000, 7));
    assertThat(card.at(MARCH).steps("", Meter.STORAGE_GIB_HOURS)).containsExactly(new Step(0, 9));
  }

  private static PriceVersion version(long effectiveS, ModelRate.Builder rate) {
    return PriceVersion.newBuilder().setEffectiveEpochS(effectiveS).addRates(rate).build();
  }

  /** Whatever the order of tenants' work, the sums are those of the steps taken by hand. */
  @RepeatedTest(20)
  void theSumOfAllPartsIsThatOfTheVolumesByHand(RepetitionInfo repetition) {
    SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
    List<Step> steps = new ArrayList<>(List.of(new Step(0, random.nextInt(1_000_000))));
    for (int i = random.nextInt(4); i > 0; i--) {
      steps.add(
          new Step(steps.getLast().above() + 1 + random.nextInt(500), random.nextInt(1_000_000)));
    }
    Rating rating = new Rating(card(output(Instant.EPOCH, steps.toArray(Step[]::new))));
    long total = 0;
    for (int i = 0; i < 200; i++) {
      long tokens = random.nextInt(20);
      total += tokens;
      long parts =
          rating.add(outputs(MARCH.plusSeconds(i), "a" + random.nextInt(3), tokens)).stream()
              .mapToLong(Rating.Part::units)
              .sum();
      assertThat(parts).isEqualTo(tokens);
    }
    assertThat(micros(rating)).isEqualTo(byHand(steps, total));
  }

  private static BigInteger micros(Rating rating) {
    return rating.charges().entrySet().stream()
        .map(
            e ->
                BigInteger.valueOf(e.getKey().priceMicros())
                    .multiply(BigInteger.valueOf(e.getValue())))
        .reduce(BigInteger.ZERO, BigInteger::add);
  }

  private static BigInteger byHand(List<Step> steps, long total) {
    BigDecimal sum = BigDecimal.ZERO;
    for (long unit = 0; unit < total; unit++) {
      long price = 0;
      for (Step step : steps) {
        price = unit >= step.above() ? step.micros() : price;
      }
      sum = sum.add(BigDecimal.valueOf(price));
    }
    return sum.setScale(0, RoundingMode.UNNECESSARY).toBigInteger();
  }
}
