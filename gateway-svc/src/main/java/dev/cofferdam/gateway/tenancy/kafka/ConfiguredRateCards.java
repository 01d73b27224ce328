package dev.cofferdam.gateway.tenancy.kafka;

import dev.cofferdam.gateway.quota.RateCards;
import dev.cofferdam.gateway.quota.Rates;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.proto.admin.v1.ModelRate;
import dev.cofferdam.proto.admin.v1.RateCard;
import java.util.HashMap;
import java.util.Map;

/** Rate cards in force, indexed anew when asked after a change. */
@SuppressWarnings("ReferenceEquality") // a view hands out the same map until something changes
public final class ConfiguredRateCards implements RateCards {
  private final ConfigView<RateCard> records;
  private volatile Cards cards = new Cards(Map.of(), Map.of());

  private record Cards(Map<String, RateCard> source, Map<String, Map<String, Rates>> byModel) {}

  /** The view stays the caller's. */
  public ConfiguredRateCards(ConfigView<RateCard> records) {
    this.records = records;
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
    if (known.source() != source) {
      Map<String, Map<String, Rates>> byModel = new HashMap<>();
      source.forEach((id, card) -> byModel.put(id, rates(card)));
      known = new Cards(source, byModel);
      cards = known;
    }
    return known.byModel();
  }

  private static Map<String, Rates> rates(RateCard card) {
    Map<String, Rates> rates = new HashMap<>();
    for (ModelRate r : card.getRatesList()) {
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
