package dev.cofferdam.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.proto.admin.v1.Meter;
import dev.cofferdam.proto.admin.v1.ModelRate;
import dev.cofferdam.proto.admin.v1.PriceVersion;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.VolumePrice;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RateCardRulesTest {
  private static final long DAY_S = 86_400;
  private static final long NOW_S = 20_000 * DAY_S + 5;

  private static RateCard.Builder card(long outputMicros) {
    return RateCard.newBuilder().setId("c").setCurrency("EUR").addRates(rate(outputMicros));
  }

  private static ModelRate rate(long outputMicros) {
    return ModelRate.newBuilder().setOutputMicrosPerMillion(outputMicros).build();
  }

  private static PriceVersion from(long epochS, long outputMicros) {
    return PriceVersion.newBuilder()
        .setEffectiveEpochS(epochS)
        .addRates(rate(outputMicros))
        .build();
  }

  private static RateCard after(RateCard present, RateCard.Builder wanted, long nowS) {
    Problems problems = new Problems();
    RateCard next = RateCardRules.succeeding(Optional.of(present), wanted.build(), nowS, problems);
    assertThat(problems.found()).isEmpty();
    return next;
  }

  private static String refusal(RateCard present, RateCard.Builder wanted, long nowS) {
    Problems problems = new Problems();
    RateCardRules.succeeding(Optional.of(present), wanted.build(), nowS, problems);
    return String.join("; ", problems.found());
  }

  @Test
  void pricesThatWereInForceStayKnownWhenOthersTakeTheirPlace() {
    long day = 20_001 * DAY_S;
    RateCard versioned = after(card(100).build(), card(100).addVersions(from(day, 200)), NOW_S);
    assertThat(versioned.getFormerList()).isEmpty();

    RateCard later = after(versioned, card(300), day + 7);

    assertThat(later.getFormerList()).containsExactly(from(0, 100), from(day, 200));
    assertThat(later.getSinceEpochS()).isEqualTo(day + 7);
    assertThat(after(later, card(300), day + 9)).isEqualTo(later);
  }

  @Test
  void aVersionInForceCanBecomeTheRatesWithoutAnyChangeOfPrice() {
    long day = 20_001 * DAY_S;
    RateCard versioned = card(100).addVersions(from(day, 200)).build();

    RateCard folded = after(versioned, card(200).addVersions(from(day + DAY_S, 5)), day + 9);

    assertThat(folded.getFormerList()).containsExactly(from(0, 100));
    assertThat(folded.getSinceEpochS()).isEqualTo(day);
  }

  @Test
  void changesOfTheSameSecondKeepTheirOrder() {
    RateCard second = after(after(card(100).build(), card(200), NOW_S), card(300), NOW_S);
    assertThat(second.getFormerList()).containsExactly(from(0, 100), from(NOW_S, 200));
    assertThat(second.getSinceEpochS()).isEqualTo(NOW_S + 1);
  }

  @Test
  void theTimeThatIsOverIsNotPricedAnew() {
    long day = 20_001 * DAY_S;
    RateCard versioned = card(100).addVersions(from(day, 200)).build();
    assertThat(refusal(versioned, card(100).addVersions(from(day, 250)), day))
        .contains("versions: 1 in force");
    assertThat(refusal(versioned, card(150).addVersions(from(day, 200)), day))
        .contains("versions: 1 in force");
    assertThat(refusal(versioned, card(100).setCurrency("USD"), NOW_S)).contains("currency: USD");
    assertThat(after(versioned, card(100).addVersions(from(day, 250)), NOW_S).getVersions(0))
        .isEqualTo(from(day, 250));
  }

  @Test
  void versionsAndVolumesAreInTheirOrder() {
    VolumePrice.Builder volume =
        VolumePrice.newBuilder().setMeter(Meter.METER_OUTPUT_TOKENS).setAbove(10).setMicros(1);
    RateCard bad =
        card(1)
            .addRates(
                ModelRate.newBuilder()
                    .setModel("m")
                    .addVolumePrices(volume)
                    .addVolumePrices(volume)
                    .addVolumePrices(volume.clone().setMeter(Meter.METER_STORAGE_GIB_HOURS)))
            .addVersions(from(DAY_S + 1, 1))
            .addVersions(from(DAY_S, 1))
            .build();
    assertThat(RateCardRules.check(bad).found())
        .anyMatch(p -> p.startsWith("rates.volume_prices.above: 10"))
        .anyMatch(p -> p.startsWith("rates.volume_prices.meter: METER_STORAGE_GIB_HOURS"))
        .anyMatch(p -> p.startsWith("versions.effective_epoch_s: 86401"))
        .anyMatch(p -> p.startsWith("versions.effective_epoch_s: 86400"));
  }
}
