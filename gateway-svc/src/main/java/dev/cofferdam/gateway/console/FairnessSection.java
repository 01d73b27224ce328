package dev.cofferdam.gateway.console;

import dev.cofferdam.mesh.web.Page;
import dev.cofferdam.mesh.web.Page.Cell;
import dev.cofferdam.mesh.web.Plot;
import dev.cofferdam.proto.metering.v1.Period;
import dev.cofferdam.proto.metering.v1.Rollup;
import dev.cofferdam.vocabulary.TenantProfile;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What tenants were served in proportion to their weights, period by period. */
final class FairnessSection {
  private static final int LINES_MAX = 6;

  private FairnessSection() {}

  /** How far back. */
  enum Span {
    /** By the hour. */
    DAY("24 hours", Period.PERIOD_HOUR, Duration.ofHours(1), 24, "HH'h'"),
    /** By the day. */
    MONTH("30 days", Period.PERIOD_DAY, Duration.ofDays(1), 30, "MM-dd");

    private final String label;
    private final Period period;
    private final Duration step;
    private final int steps;
    private final String format;

    Span(String label, Period period, Duration step, int steps, String format) {
      this.label = label;
      this.period = period;
      this.step = step;
      this.steps = steps;
      this.format = format;
    }

    String label() {
      return label;
    }

    Period period() {
      return period;
    }

    /** The begin of the first period. */
    long fromMs(long nowMs) {
      return Math.floorDiv(nowMs, step.toMillis()) * step.toMillis()
          - (steps - 1L) * step.toMillis();
    }

    private String name(long ms) {
      return DateTimeFormatter.ofPattern(format, Locale.ROOT)
          .format(Instant.ofEpochMilli(ms).atOffset(ZoneOffset.UTC));
    }
  }

  static Span span(String label) {
    return Arrays.stream(Span.values())
        .filter(s -> s.label.equals(label))
        .findFirst()
        .orElse(Span.DAY);
  }

  static List<String> labels() {
    return Arrays.stream(Span.values()).map(Span::label).toList();
  }

  /**
   * Jain's index: 1 where all are the same (Jain, Chiu and Hawe, A Quantitative Measure of Fairness
   * and Discrimination, 1984).
   */
  static double jain(Collection<Double> shares) {
    double sum = shares.stream().mapToDouble(x -> x).sum();
    double squares = shares.stream().mapToDouble(x -> x * x).sum();
    return squares == 0 ? Double.NaN : sum * sum / (shares.size() * squares);
  }

  static void add(
      Page page, Span span, List<Rollup> rollups, List<TenantProfile> tenants, long nowMs) {
    Map<String, Double> weights = new HashMap<>();
    tenants.forEach(t -> weights.put(t.id().value(), t.limits().weight()));
    long fromMs = span.fromMs(nowMs);
    List<Map<String, Double>> periods = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < span.steps; i++) {
      periods.add(new TreeMap<>());
      names.add(span.name(fromMs + i * span.step.toMillis()));
    }
    Map<String, Double> totals = new TreeMap<>();
    for (Rollup rollup : rollups) {
      long index = (rollup.getPeriodStartEpochMs() - fromMs) / span.step.toMillis();
      if (index >= 0 && index < span.steps) {
        double served =
            (rollup.getPromptTokens() - rollup.getCachedPromptTokens() + rollup.getOutputTokens())
                / weights.getOrDefault(rollup.getTenant(), 1.0);
        periods.get((int) index).merge(rollup.getTenant(), served, Double::sum);
        totals.merge(rollup.getTenant(), served, Double::sum);
      }
    }
    double[] index = periods.stream().mapToDouble(p -> jain(p.values())).toArray();
    List<String> sparse = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      sparse.add(i % 4 == 0 ? names.get(i) : "");
    }
    page.text(
        "Served tokens (input that was not cached, and output) divided by each tenant's weight."
            + " Jain's index of them is 1 where tenants were served in proportion to their weights;"
            + " a tenant that asks for less than its share lowers it, so it judges the mesh only"
            + " while all ask for more.");
    page.plot(new Plot("Jain's index of weighted tokens", sparse).line("index", index).upTo(1));
    Plot shares = new Plot("Weighted tokens of the tenants that had the most", sparse);
    totals.entrySet().stream()
        .sorted(Map.Entry.<String, Double>comparingByValue(Comparator.reverseOrder()))
        .limit(LINES_MAX)
        .map(Map.Entry::getKey)
        .forEach(
            tenant ->
                shares.line(
                    tenant,
                    periods.stream().mapToDouble(p -> p.getOrDefault(tenant, 0.0)).toArray()));
    page.plot(shares);
    List<List<Cell>> rows = new ArrayList<>();
    for (int i = span.steps - 1; i >= 0; i--) {
      rows.add(
          List.of(
              Cell.of(names.get(i)),
              Cell.number(Integer.toString(periods.get(i).size())),
              Cell.number(
                  Double.isNaN(index[i]) ? "-" : String.format(Locale.ROOT, "%.3f", index[i])),
              Cell.number(
                  String.format(
                      Locale.ROOT,
                      "%.0f",
                      periods.get(i).values().stream().mapToDouble(x -> x).sum()))));
    }
    page.table(
        "By period (UTC), the newest first",
        List.of("Period", "Tenants", "Jain's index", "Weighted tokens"),
        rows);
  }
}
