package dev.cofferdam.router.routing;

import dev.cofferdam.router.fleet.Seat;
import java.util.ArrayList;
import java.util.List;

/**
 * The workers of a pool that may serve a request, with their scores. Workers with equal scores
 * stand in the order of their ids.
 */
final class Ranking {
  private final String pool;
  private final List<Seat> seats;
  private final int[] cachedTokens;
  private final double[] scores;

  /**
   * Ranks.
   *
   * @param seats not empty, in the order of their workers' ids
   * @param matched blocks of the prompt that each worker holds, by the worker's number
   */
  Ranking(
      String pool, List<Seat> seats, int[] matched, Scorer.RequestView request, Scorers scorers) {
    this.pool = pool;
    this.seats = seats;
    this.cachedTokens = new int[seats.size()];
    int cachedMax = Math.max(0, request.envelope().promptTokens() - 1);
    for (int i = 0; i < cachedTokens.length; i++) {
      var worker = seats.get(i).worker();
      int blocks = worker.number() < matched.length ? matched[worker.number()] : 0;
      cachedTokens[i] = Math.min(blocks * worker.blockTokens(), cachedMax);
    }
    this.scores = scorers.scores(seats, cachedTokens, request);
  }

  String pool() {
    return pool;
  }

  /** Whether its best worker comes before the other's best. */
  boolean isBetterThan(Ranking other) {
    int mine = best();
    int theirs = other.best();
    return scores[mine] > other.scores[theirs]
        || (scores[mine] == other.scores[theirs]
            && seats.get(mine).worker().id().compareTo(other.seats.get(theirs).worker().id()) < 0);
  }

  private int best() {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }

  /** The best workers, best first. */
  List<Candidate> candidates(int most, Scorer.RequestView request, Scorers scorers) {
    int[] order = new int[Math.min(most, scores.length)];
    int count = 0;
    for (int i = 0; i < scores.length; i++) {
      if (count == order.length && scores[i] <= scores[order[count - 1]]) {
        continue;
      }
      int place = count < order.length ? count++ : count - 1;
      for (; place > 0 && scores[order[place - 1]] < scores[i]; place--) {
        order[place] = order[place - 1];
      }
      order[place] = i;
    }
    List<Candidate> candidates = new ArrayList<>(count);
    for (int i : order) {
      Seat seat = seats.get(i);
      int cached = cachedTokens[i];
      candidates.add(
          new Candidate(
              seat.worker().id(),
              seat.worker().endpoint(),
              scores[i],
              cached,
              () -> scorers.explain(seat, cached, request)));
    }
    return candidates;
  }
}
