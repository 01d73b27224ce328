package dev.cofferdam.load.overhead;

import dev.cofferdam.vocabulary.TenantId;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * What isolation costs the requests of two tenants.
 *
 * @param standard without encryption and adapters
 * @param enterprise with all mechanisms
 * @param foreign requests of others that ran meanwhile and are in the figures
 * @param sealedBlocks KV blocks that were sealed for the enterprise tenant
 */
public record Overhead(
    TenantCost standard, TenantCost enterprise, double foreign, double sealedBlocks) {

  /**
   * One after the other, with nothing else on the mesh.
   *
   * @param standard the standard tenant alone, on the base model
   * @param enterprise the enterprise tenant alone, with its adapter
   * @param base both together, on the base model
   * @param adapters the same requests, each tenant's with its own adapter
   */
  public record Round(Interval standard, Interval enterprise, Interval base, Interval adapters) {}

  /**
   * A figure of each round in short.
   *
   * @param ms the median, in milliseconds
   * @param leastMs the least of all rounds
   * @param mostMs the greatest of all rounds
   */
  public record Estimate(double ms, double leastMs, double mostMs) {
    /** The estimate of rounds; at least one. */
    public static Estimate of(double... rounds) {
      double[] sorted = rounds.clone();
      Arrays.sort(sorted);
      int half = sorted.length / 2;
      double median = sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
      return new Estimate(median, sorted[0], sorted[sorted.length - 1]);
    }

    /** Whether rounds do not agree that there is a cost at all. */
    public boolean isNoise() {
      return leastMs <= 0 && mostMs > 0 || ms < 0;
    }
  }

  /**
   * What a tenant's request costs.
   *
   * @param tenant whose
   * @param requests how many were measured
   * @param requestMs mean time of a request at the gateway
   * @param costs of each mechanism that its requests pay
   */
  public record TenantCost(
      TenantId tenant, double requests, double requestMs, Map<Mechanism, Estimate> costs) {
    public TenantCost {
      costs = Map.copyOf(costs);
    }

    /** Of all mechanisms. */
    public double totalMs() {
      return costs.values().stream().mapToDouble(Estimate::ms).sum();
    }

    /** What the field quotes for all of them. */
    public double quotedMs() {
      return costs.keySet().stream().mapToDouble(Mechanism::quotedMs).sum();
    }

    /** Milliseconds as a share of a request's time, 0 to 1. */
    public double share(double ms) {
      return ms / requestMs;
    }
  }

  /**
   * The costs by rounds.
   *
   * @param rounds at least one
   */
  public static Overhead of(List<Round> rounds, TenantId standard, TenantId enterprise) {
    Map<Mechanism, Estimate> ofStandard = new EnumMap<>(Mechanism.class);
    Map<Mechanism, Estimate> ofEnterprise = new EnumMap<>(Mechanism.class);
    for (Mechanism mechanism : Mechanism.values()) {
      if (!mechanism.enterpriseOnly()) {
        ofStandard.put(mechanism, estimate(rounds, r -> r.standard().overheadMs(mechanism)));
      }
      ofEnterprise.put(
          mechanism,
          estimate(
              rounds,
              r ->
                  r.enterprise().overheadMs(mechanism)
                      + (mechanism == Mechanism.ADAPTER_MIX ? mixMs(r, enterprise) : 0)));
    }
    return new Overhead(
        cost(rounds, standard, Round::standard, ofStandard),
        cost(rounds, enterprise, Round::enterprise, ofEnterprise),
        rounds.stream().mapToDouble(r -> foreign(r, standard, enterprise)).sum(),
        rounds.stream().mapToDouble(r -> r.enterprise().sealedBlocks()).sum());
  }

  private static Estimate estimate(List<Round> rounds, ToDoubleFunction<Round> ms) {
    return Estimate.of(rounds.stream().mapToDouble(ms).toArray());
  }

  /** What adapters add to the compute time of the same requests. */
  private static double mixMs(Round round, TenantId tenant) {
    return round.adapters().computeMs(tenant) - round.base().computeMs(tenant);
  }

  private static double foreign(Round round, TenantId standard, TenantId enterprise) {
    return round.standard().requests()
        - round.standard().requests(standard)
        + round.enterprise().requests()
        - round.enterprise().requests(enterprise);
  }

  private static TenantCost cost(
      List<Round> rounds,
      TenantId tenant,
      Function<Round, Interval> alone,
      Map<Mechanism, Estimate> costs) {
    return new TenantCost(
        tenant,
        rounds.stream().mapToDouble(r -> alone.apply(r).requests(tenant)).sum(),
        rounds.stream().mapToDouble(r -> alone.apply(r).requestMs(tenant)).average().orElseThrow(),
        costs);
  }
}
