package dev.cofferdam.metering.pricing.kafka;

import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Prices;
import dev.cofferdam.metering.pricing.RateBook;
import dev.cofferdam.metering.pricing.RateCard;
import dev.cofferdam.metering.pricing.Step;
import dev.cofferdam.proto.admin.v1.ModelRate;
import dev.cofferdam.proto.admin.v1.PriceVersion;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.VolumePrice;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Rate cards and whose they are, as the gateway writes them. */
public final class ConfiguredRateBook implements RateBook {
  private final ConfigView<dev.cofferdam.proto.admin.v1.RateCard> cards;
  private final ConfigView<Tenant> tenants;

  /** The views stay the caller's. */
  public ConfiguredRateBook(
      ConfigView<dev.cofferdam.proto.admin.v1.RateCard> cards, ConfigView<Tenant> tenants) {
    this.cards = cards;
    this.tenants = tenants;
  }

  /** A tenant that is removed has the default card. */
  @Override
  public Optional<RateCard> of(TenantId tenant) {
    String id =
        tenants
            .get(tenant.value())
            .map(Tenant::getRateCard)
            .filter(named -> !named.isEmpty())
            .orElse(Budgets.DEFAULT_RATE_CARD);
    return cards.get(id).map(ConfiguredRateBook::card);
  }

  /** The card of a record. */
  public static RateCard card(dev.cofferdam.proto.admin.v1.RateCard record) {
    List<Prices> versions = new ArrayList<>();
    record.getFormerList().forEach(former -> add(versions, prices(former)));
    add(
        versions,
        prices(
            PriceVersion.newBuilder()
                .setEffectiveEpochS(record.getSinceEpochS())
                .addAllRates(record.getRatesList())
                .setStorageMicrosPerGibHour(record.getStorageMicrosPerGibHour())
                .addAllStorageVolumePrices(record.getStorageVolumePricesList())
                .build()));
    record.getVersionsList().forEach(version -> add(versions, prices(version)));
    return new RateCard(record.getId(), record.getRevision(), record.getCurrency(), versions);
  }

  /** Prices that do not begin later than those before take their place. */
  private static void add(List<Prices> versions, Prices next) {
    if (!versions.isEmpty() && !next.effective().isAfter(versions.getLast().effective())) {
      versions.removeLast();
    }
    versions.add(next);
  }

  private static Prices prices(PriceVersion version) {
    Map<String, Map<Meter, List<Step>>> byModel = new HashMap<>();
    for (ModelRate rate : version.getRatesList()) {
      byModel.put(rate.getModel(), meters(rate));
    }
    // What belongs to no model is priced by the entry of the others.
    Map<Meter, List<Step>> others =
        byModel.computeIfAbsent(Prices.OTHERS, none -> new EnumMap<>(Meter.class));
    others.put(
        Meter.STORAGE_GIB_HOURS,
        steps(
            Meter.STORAGE_GIB_HOURS,
            version.getStorageMicrosPerGibHour(),
            version.getStorageVolumePricesList()));
    return new Prices(Instant.ofEpochSecond(version.getEffectiveEpochS()), byModel);
  }

  private static Map<Meter, List<Step>> meters(ModelRate rate) {
    Map<Meter, Long> first = new EnumMap<>(Meter.class);
    first.put(Meter.INPUT_TOKENS, rate.getInputMicrosPerMillion());
    first.put(Meter.CACHED_INPUT_TOKENS, rate.getCachedInputMicrosPerMillion());
    first.put(Meter.OUTPUT_TOKENS, rate.getOutputMicrosPerMillion());
    first.put(Meter.REQUESTS, rate.getRequestMicrosPerThousand());
    first.put(Meter.GPU_SECONDS, rate.getComputeMicrosPerHour());
    first.put(Meter.ADAPTER_HOURS, rate.getAdapterMicrosPerHour());
    Map<Meter, List<Step>> meters = new EnumMap<>(Meter.class);
    first.forEach(
        (meter, micros) -> meters.put(meter, steps(meter, micros, rate.getVolumePricesList())));
    return meters;
  }

  private static List<Step> steps(Meter meter, long firstMicros, List<VolumePrice> volumes) {
    List<Step> steps = new ArrayList<>();
    steps.add(new Step(0, firstMicros));
    for (VolumePrice volume : volumes) {
      if (volume.getMeter().name().equals("METER_" + meter.name())) {
        steps.add(
            new Step(
                Math.multiplyExact(volume.getAbove(), meter.unitsPerQuantity()),
                volume.getMicros()));
      }
    }
    return steps;
  }
}
