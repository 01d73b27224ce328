package dev.cofferdam.gateway.admin;

import dev.cofferdam.proto.admin.v1.Meter;
import dev.cofferdam.proto.admin.v1.ModelRate;
import dev.cofferdam.proto.admin.v1.PriceVersion;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.VolumePrice;
import java.util.Currency;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What rate cards must hold before they are written, and how prices that others take the place of
 * stay known: what was in force at a moment is never changed afterwards.
 */
public final class RateCardRules {
  private static final Set<Currency> CURRENCIES = Currency.getAvailableCurrencies();

  /** 100 000 units of the currency for a million tokens. */
  static final long RATE_MICROS_MAX = 100_000_000_000L;

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final Pattern NAME_OR_NONE =
      Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,127})?");
  private static final int LIST_MAX = 1_000;
  private static final int VOLUMES_MAX = 100;
  private static final long VOLUME_MAX = 1_000_000_000_000_000L;

  /** Microseconds and bytes for hours are counted in 64 bits. */
  private static final long VOLUME_OF_PARTS_MAX = 8_000_000_000L;

  private static final long DAY_S = 86_400;

  /** The last second of the year 9999. */
  private static final long EPOCH_S_MAX = 253_402_300_799L;

  private RateCardRules() {}

  /** The problems of a rate card by itself. */
  public static Problems check(RateCard c) {
    Problems problems = new Problems();
    problems.form("id", c.getId(), NAME);
    currency(problems, "currency", c.getCurrency());
    rates(problems, "rates", c.getRatesList());
    storage(problems, "", c.getStorageMicrosPerGibHour(), c.getStorageVolumePricesList());
    problems.range("versions (count)", c.getVersionsCount(), 0, LIST_MAX);
    long before = 0;
    for (PriceVersion version : c.getVersionsList()) {
      long from = version.getEffectiveEpochS();
      problems.range("versions.effective_epoch_s", from, 1, EPOCH_S_MAX);
      if (from % DAY_S != 0 || from <= before) {
        problems.add(
            "versions.effective_epoch_s",
            from,
            "the beginning of a UTC day, later than the one before");
      }
      before = from;
      rates(problems, "versions.rates", version.getRatesList());
      storage(
          problems,
          "versions.",
          version.getStorageMicrosPerGibHour(),
          version.getStorageVolumePricesList());
    }
    return problems;
  }

  /**
   * The record to be written in place of another, with the prices that were in force until now.
   *
   * @param present the record in force, if there is one
   * @param wanted what the operator declared, checked by itself
   * @param nowS seconds since the epoch
   * @param problems told where the declaration would change what was in force
   */
  public static RateCard succeeding(
      Optional<RateCard> present, RateCard wanted, long nowS, Problems problems) {
    RateCard.Builder next = wanted.toBuilder().clearFormer().setSinceEpochS(0);
    List<PriceVersion> begun = begun(wanted.getVersionsList(), nowS);
    if (present.isEmpty()) {
      if (!begun.isEmpty()) {
        problems.add(
            "versions.effective_epoch_s", begun.getFirst().getEffectiveEpochS(), "after now");
      }
      return next.build();
    }
    RateCard old = present.get();
    if (!old.getCurrency().equals(wanted.getCurrency())) {
      problems.add("currency", wanted.getCurrency(), old.getCurrency() + ", as it was");
    }
    List<PriceVersion> oldBegun = begun(old.getVersionsList(), nowS);
    next.addAllFormer(old.getFormerList()).setSinceEpochS(old.getSinceEpochS());
    PriceVersion base = base(wanted, old.getSinceEpochS());
    if (!begun.isEmpty()) {
      if (!begun.equals(oldBegun) || !base.equals(base(old, old.getSinceEpochS()))) {
        problems.add(
            "versions",
            begun.size() + " in force",
            "those in force with the rates before them as they are, or only later ones");
      }
      return next.build();
    }
    next.addFormer(base(old, old.getSinceEpochS())).addAllFormer(oldBegun);
    PriceVersion last = next.getFormer(next.getFormerCount() - 1);
    if (base(wanted, last.getEffectiveEpochS()).equals(last)) {
      next.removeFormer(next.getFormerCount() - 1).setSinceEpochS(last.getEffectiveEpochS());
    } else {
      // Also after another change in the same second, and by a clock that is behind the last one's.
      next.setSinceEpochS(Math.max(nowS, last.getEffectiveEpochS() + 1));
    }
    problems.range("changes of the card's prices", next.getFormerCount(), 0, LIST_MAX);
    return next.build();
  }

  /** Notes a problem unless the text is a currency of ISO 4217. */
  static void currency(Problems problems, String field, String code) {
    if (CURRENCIES.stream().noneMatch(known -> known.getCurrencyCode().equals(code))) {
      problems.add(field, code, "a currency of ISO 4217, such as EUR");
    }
  }

  private static PriceVersion base(RateCard card, long sinceS) {
    return PriceVersion.newBuilder()
        .setEffectiveEpochS(sinceS)
        .addAllRates(card.getRatesList())
        .setStorageMicrosPerGibHour(card.getStorageMicrosPerGibHour())
        .addAllStorageVolumePrices(card.getStorageVolumePricesList())
        .build();
  }

  private static List<PriceVersion> begun(List<PriceVersion> versions, long nowS) {
    return versions.stream().filter(v -> v.getEffectiveEpochS() <= nowS).toList();
  }

  private static void rates(Problems problems, String field, List<ModelRate> rates) {
    problems.range(field + " (count)", rates.size(), 1, LIST_MAX);
    Set<String> models = new HashSet<>();
    for (ModelRate rate : rates) {
      problems.form(field + ".model", rate.getModel(), NAME_OR_NONE);
      if (!models.add(rate.getModel())) {
        problems.add(field + ".model", rate.getModel(), "one entry for each model");
      }
      price(problems, field + ".input_micros_per_million", rate.getInputMicrosPerMillion());
      price(
          problems,
          field + ".cached_input_micros_per_million",
          rate.getCachedInputMicrosPerMillion());
      price(problems, field + ".output_micros_per_million", rate.getOutputMicrosPerMillion());
      price(problems, field + ".request_micros_per_thousand", rate.getRequestMicrosPerThousand());
      price(problems, field + ".compute_micros_per_hour", rate.getComputeMicrosPerHour());
      price(problems, field + ".adapter_micros_per_hour", rate.getAdapterMicrosPerHour());
      volumes(problems, field + ".volume_prices", rate.getVolumePricesList(), false);
    }
  }

  private static void storage(
      Problems problems, String prefix, long micros, List<VolumePrice> volumes) {
    price(problems, prefix + "storage_micros_per_gib_hour", micros);
    volumes(problems, prefix + "storage_volume_prices", volumes, true);
  }

  private static void volumes(
      Problems problems, String field, List<VolumePrice> volumes, boolean storage) {
    problems.range(field + " (count)", volumes.size(), 0, VOLUMES_MAX);
    Map<Meter, Long> before = new EnumMap<>(Meter.class);
    for (VolumePrice volume : volumes) {
      Meter meter = volume.getMeter();
      boolean ofStorage = meter == Meter.METER_STORAGE_GIB_HOURS;
      if (meter == Meter.METER_UNSPECIFIED || meter == Meter.UNRECOGNIZED || ofStorage != storage) {
        problems.add(
            field + ".meter", meter.name(), storage ? "storage_gib_hours" : "a meter of a model");
        continue;
      }
      problems.range(
          field + ".above",
          volume.getAbove(),
          1,
          ofStorage || meter == Meter.METER_GPU_SECONDS ? VOLUME_OF_PARTS_MAX : VOLUME_MAX);
      if (volume.getAbove() <= before.getOrDefault(meter, 0L)) {
        problems.add(field + ".above", volume.getAbove(), "more than the one before of its meter");
      }
      before.put(meter, volume.getAbove());
      price(problems, field + ".micros", volume.getMicros());
    }
  }

  private static void price(Problems problems, String field, long micros) {
    problems.range(field, micros, 0, RATE_MICROS_MAX);
  }
}
