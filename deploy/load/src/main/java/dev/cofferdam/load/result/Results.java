package dev.cofferdam.load.result;

import dev.cofferdam.load.scenario.Scenario;
import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * What a run gave.
 *
 * @param scenario what was asked for
 * @param seed of its plan
 * @param objective what counts as good
 * @param seconds how long requests came
 * @param complete whether it was not ended early
 * @param outcomes of all requests that were due
 * @param weights each tenant's share beside others'
 */
public record Results(
    Scenario scenario,
    long seed,
    Objective objective,
    double seconds,
    boolean complete,
    List<Outcome> outcomes,
    Map<TenantId, Double> weights) {
  private static final double US_OF_S = 1e6;

  public Results {
    outcomes = List.copyOf(outcomes);
    weights = Map.copyOf(weights);
  }

  /**
   * A part of the run in which the same streams flow.
   *
   * @param fromS seconds from the begin
   * @param untilS seconds from the begin, later
   */
  public record Phase(double fromS, double untilS) {
    private boolean has(Outcome outcome) {
      double at = outcome.planned().atUs() / US_OF_S;
      return at >= fromS && at < untilS;
    }
  }

  /** Of all requests. */
  public Figures all() {
    return Figures.of(outcomes, objective);
  }

  /** By tenant, by name. */
  public Map<TenantId, Figures> byTenant() {
    return byTenant(outcomes);
  }

  /** By tenant, of the requests that were meant to start in a phase. */
  public Map<TenantId, Figures> byTenant(Phase phase) {
    return byTenant(outcomes.stream().filter(phase::has).toList());
  }

  private Map<TenantId, Figures> byTenant(Collection<Outcome> some) {
    Map<TenantId, List<Outcome>> grouped = new TreeMap<>(Comparator.comparing(TenantId::value));
    for (Outcome outcome : some) {
      grouped
          .computeIfAbsent(outcome.planned().stream().tenant(), unused -> new ArrayList<>())
          .add(outcome);
    }
    Map<TenantId, Figures> figures = new TreeMap<>(Comparator.comparing(TenantId::value));
    grouped.forEach((tenant, list) -> figures.put(tenant, Figures.of(list, objective)));
    return figures;
  }

  /** The phases that the run came to, in order. */
  public List<Phase> phases() {
    List<Double> bounds = scenario.boundaries();
    List<Phase> phases = new ArrayList<>();
    for (int i = 1; i < bounds.size() && bounds.get(i - 1) < seconds; i++) {
      phases.add(new Phase(bounds.get(i - 1), Math.min(seconds, bounds.get(i))));
    }
    return phases;
  }

  /**
   * Jain's index of the tokens that tenants were served, each divided by the tenant's weight: 1
   * where all got the same (Jain, Chiu and Hawe, A Quantitative Measure of Fairness and
   * Discrimination, 1984). It judges a mesh only while every tenant wants more than its share: one
   * that asks for less lowers it.
   */
  public double jain(Map<TenantId, Figures> figures) {
    ToDoubleFunction<Map.Entry<TenantId, Figures>> share =
        e ->
            (e.getValue().promptTokens() + e.getValue().outputTokens())
                / weights.getOrDefault(e.getKey(), 1.0);
    double sum = figures.entrySet().stream().mapToDouble(share).sum();
    double squares = figures.entrySet().stream().mapToDouble(share).map(x -> x * x).sum();
    return squares == 0 ? 1 : sum * sum / (figures.size() * squares);
  }

  /**
   * A figure of each second of the run.
   *
   * @param tenant whose requests
   * @param ofEnds whether a request counts where it ended, else where it was meant to start
   * @param value of the requests of a second
   */
  public double[] eachSecond(
      TenantId tenant, boolean ofEnds, ToDoubleFunction<List<Outcome>> value) {
    int count = Math.max(1, (int) Math.ceil(seconds));
    List<List<Outcome>> buckets = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      buckets.add(new ArrayList<>());
    }
    for (Outcome outcome : outcomes) {
      int second = (int) ((ofEnds ? outcome.endUs() : outcome.planned().atUs()) / (long) US_OF_S);
      if (outcome.planned().stream().tenant().equals(tenant) && second < count) {
        buckets.get(second).add(outcome);
      }
    }
    return buckets.stream().mapToDouble(value).toArray();
  }
}
