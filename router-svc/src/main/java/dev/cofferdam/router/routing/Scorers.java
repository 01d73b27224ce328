package dev.cofferdam.router.routing;

import dev.cofferdam.router.fleet.Seat;
import java.util.ArrayList;
import java.util.List;

/** The scorers that there are, and what they say together. */
final class Scorers {
  private final List<Weighted> all;
  private final double weightSum;

  /**
   * A scorer and how much it counts.
   *
   * @param scorer the scorer
   * @param weight its share of the whole
   */
  private record Weighted(Scorer scorer, double weight) {}

  /**
   * @param zone the router's own zone, empty where unknown
   */
  Scorers(RoutingWeights weights, String zone) {
    all =
        List.of(
            new Weighted(new Prefix(), weights.prefix()),
            new Weighted(new Load(), weights.load()),
            new Weighted(new ModelResidency(), weights.model()),
            new Weighted(new AdapterResidency(), weights.adapter()),
            new Weighted(new TenantAffinity(), weights.tenant()),
            new Weighted(new Zone(zone), weights.zone()));
    weightSum = all.stream().mapToDouble(Weighted::weight).sum();
  }

  /** The weighted mean of all scores; one scorer after the other, over all workers each. */
  double[] scores(List<Seat> seats, int[] cachedTokens, Scorer.RequestView request) {
    double[] scores = new double[seats.size()];
    for (Weighted weighted : all) {
      Scorer scorer = weighted.scorer();
      double share = weighted.weight() / weightSum;
      for (int i = 0; i < scores.length; i++) {
        scores[i] += share * scorer.score(seats.get(i), cachedTokens[i], request);
      }
    }
    return scores;
  }

  /** One line for each scorer: "name 0.00 ×weight reason". */
  List<String> explain(Seat seat, int cachedTokens, Scorer.RequestView request) {
    List<String> lines = new ArrayList<>(all.size());
    for (Weighted weighted : all) {
      Scorer scorer = weighted.scorer();
      // Put together by hand, because a Formatter costs ten times that.
      long hundredths = Math.round(scorer.score(seat, cachedTokens, request) * 100);
      lines.add(
          scorer.name()
              + ' '
              + hundredths / 100
              + '.'
              + hundredths / 10 % 10
              + hundredths % 10
              + " ×"
              + weighted.weight()
              + ' '
              + scorer.reason(seat, cachedTokens, request));
    }
    return lines;
  }

  /** Share of the input that need not be computed. */
  private static final class Prefix implements Scorer {
    @Override
    public String name() {
      return "prefix";
    }

    @Override
    public double score(Seat seat, int cachedTokens, RequestView request) {
      return request.envelope().prefixDigests().isEmpty()
          ? NEUTRAL
          : Math.min(1.0, cachedTokens / (double) request.envelope().promptTokens());
    }

    @Override
    public String reason(Seat seat, int cachedTokens, RequestView request) {
      return request.envelope().prefixDigests().isEmpty()
          ? "no full block to look for"
          : cachedTokens + " of " + request.envelope().promptTokens() + " tokens cached";
    }
  }

  /** Free slots and free KV, whichever is scarcer. */
  private static final class Load implements Scorer {
    @Override
    public String name() {
      return "load";
    }

    @Override
    public double score(Seat seat, int cachedTokens, RequestView request) {
      if (seat.slots() == 0) {
        return NEUTRAL;
      }
      double slots = 1.0 - Math.min(1.0, seat.running() / (double) seat.slots());
      return Math.min(slots, seat.kvBlocksFree() / (double) seat.kvBlocks());
    }

    @Override
    public String reason(Seat seat, int cachedTokens, RequestView request) {
      return seat.slots() == 0
          ? "not reported yet"
          : seat.running()
              + " of "
              + seat.slots()
              + " slots, "
              + seat.kvBlocksFree()
              + " of "
              + seat.kvBlocks()
              + " blocks free";
    }
  }

  /** Whether the model is in memory already. */
  private static final class ModelResidency implements Scorer {
    @Override
    public String name() {
      return "model";
    }

    @Override
    public double score(Seat seat, int cachedTokens, RequestView request) {
      return !seat.modelKnown() ? NEUTRAL : seat.inMemory() ? 1.0 : 0.0;
    }

    @Override
    public String reason(Seat seat, int cachedTokens, RequestView request) {
      return !seat.modelKnown()
          ? "not reported yet"
          : seat.inMemory() ? "in memory" : "to be loaded";
    }
  }

  /** Whether the adapter is in memory already. */
  private static final class AdapterResidency implements Scorer {
    @Override
    public String name() {
      return "adapter";
    }

    @Override
    public double score(Seat seat, int cachedTokens, RequestView request) {
      return request.adapterKey().isEmpty() ? NEUTRAL : resident(seat, request) ? 1.0 : 0.0;
    }

    @Override
    public String reason(Seat seat, int cachedTokens, RequestView request) {
      return request.adapterKey().isEmpty()
          ? "base model"
          : resident(seat, request) ? "resident" : "to be loaded";
    }

    private static boolean resident(Seat seat, RequestView request) {
      return seat.worker().load().adaptersResident().contains(request.adapterKey());
    }
  }

  /** Whether the tenant was served there last; what the index has forgotten may still be there. */
  private static final class TenantAffinity implements Scorer {
    @Override
    public String name() {
      return "tenant";
    }

    @Override
    public double score(Seat seat, int cachedTokens, RequestView request) {
      return request.lastWorker().isEmpty() ? NEUTRAL : same(seat, request) ? 1.0 : 0.0;
    }

    @Override
    public String reason(Seat seat, int cachedTokens, RequestView request) {
      return request.lastWorker().isEmpty()
          ? "first request"
          : same(seat, request) ? "served it last" : "another served it last";
    }

    private static boolean same(Seat seat, RequestView request) {
      return request.lastWorker().equals(seat.worker().id());
    }
  }

  /** Whether the worker is in the router's own zone. */
  private record Zone(String own) implements Scorer {
    @Override
    public String name() {
      return "zone";
    }

    @Override
    public double score(Seat seat, int cachedTokens, RequestView request) {
      return unknown(seat) ? NEUTRAL : own.equals(seat.worker().zone()) ? 1.0 : 0.0;
    }

    @Override
    public String reason(Seat seat, int cachedTokens, RequestView request) {
      return unknown(seat) ? "unknown" : seat.worker().zone();
    }

    private boolean unknown(Seat seat) {
      return own.isEmpty() || seat.worker().zone().isEmpty();
    }
  }
}
