package dev.cofferdam.gateway.tenancy.kafka;

import dev.cofferdam.gateway.quota.RateCards;
import dev.cofferdam.gateway.quota.Rates;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.proto.admin.v1.ModelRate;
import dev.cofferdam.proto.admin.v1.PriceVersion;
import dev.cofferdam.proto.admin.v1.RateCard;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Rate cards in force, indexed anew when asked after a change. */
@SuppressWarnings("ReferenceEquality") // a view hands out the same map until something changes
public final class ConfiguredRateCards implements RateCards {
  private final ConfigView<RateCard> records;
  private final InstantSource clock;
  private volatile Cards cards = new Cards(Map.of(), Long.MAX_VALUE, Map.of());

  /**
   * @param untilS seconds since the epoch from which another version of a card is in force
   */
  private record Cards(
      Map<String, RateCard> source, long untilS, Map<String, Map<String, Rates>> byModel) {}

  /** The view stays the caller's. */
  public ConfiguredRateCards(ConfigView<RateCard> records, InstantSource clock) {
    this.records = records;
    this.clock = clock;
  }

  @Override
  public Rates rates(String card, String model) {
    Map<String, Rates> rates = inForce().get(card);
    if (rates == null) {
      return Rates.FREE;
    }
    Rates own = rates.get(model);
    return own != null ? own : rates.getOrDefault("", Rates.FREE);
  }

  private Map<String, Map<String, Rates>> inForce() {
    Map<String, RateCard> source = records.snapshot();
    Cards known = cards;
    long nowS = clock.instant().getEpochSecond();
    if (known.source() != source || nowS >= known.untilS()) {
      Map<String, Map<String, Rates>> byModel = new HashMap<>();
      source.forEach((id, card) -> byModel.put(id, rates(card, nowS)));
      known = new Cards(source, nextVersion(source, nowS), byModel);
      cards = known;
    }
    return known.byModel();
  }

  private static long nextVersion(Map<String, RateCard> source, long nowS) {
    return source.values().stream()
        .flatMap(card -> card.getVersionsList().stream())
        .mapToLong(PriceVersion::getEffectiveEpochS)
        .filter(from -> from > nowS)
        .min()
        .orElse(Long.MAX_VALUE);
  }

  private static Map<String, Rates> rates(RateCard card, long nowS) {
    List<ModelRate> inForce = card.getRatesList();
    for (PriceVersion version : card.getVersionsList()) {
      if (version.getEffectiveEpochS() <= nowS) {
        inForce = version.getRatesList();
      }
    }
    Map<String, Rates> rates = new HashMap<>();
    for (ModelRate r : inForce) {
      rates.put(
          r.getModel(),
          new Rates(
              r.getInputMicrosPerMillion(),
              r.getCachedInputMicrosPerMillion(),
              r.getOutputMicrosPerMillion()));
    }
    return rates;
  }
}
