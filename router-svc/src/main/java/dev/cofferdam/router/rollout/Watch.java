package dev.cofferdam.router.rollout;

import dev.cofferdam.router.health.Latencies;
import dev.cofferdam.router.health.SlidingCounters;
import dev.cofferdam.router.tenancy.RolloutGates;
import java.util.Locale;
import java.util.Optional;

/**
 * Compares the two versions of an adapter while one is rolled out. Cancelled requests do not count.
 * Not thread-safe.
 */
final class Watch {
  /** Times below this are noise, whatever their ratio. */
  private static final double TTFT_MS_MIN = 50;

  private static final double Z = 1.645;

  private final RolloutGates gates;
  private final Arm current;
  private final Arm candidate;

  /** What one version did. */
  private static final class Arm {
    private static final int REQUESTS = 0;
    private static final int FAILURES = 1;
    private final SlidingCounters counters;
    private final Latencies ttft;

    private Arm(long windowMs) {
      counters = new SlidingCounters(2, windowMs);
      ttft = new Latencies(windowMs);
    }

    private void add(boolean failed, long ttftMs, long nowMs) {
      counters.add(REQUESTS, nowMs);
      if (failed) {
        counters.add(FAILURES, nowMs);
      } else {
        ttft.add(ttftMs, nowMs);
      }
    }

    private int requests(long nowMs) {
      return counters.sum(REQUESTS, nowMs);
    }

    private double failureRate(long nowMs) {
      return counters.sum(FAILURES, nowMs) / Math.max(1.0, requests(nowMs));
    }

    /** What the failure rate is above with 95 % confidence (Wilson's score interval, one-sided). */
    private double failureRateLeast(long nowMs) {
      double n = requests(nowMs);
      double rate = failureRate(nowMs);
      double z2 = Z * Z / n;
      double margin = Z * Math.sqrt(rate * (1 - rate) / n + z2 / (4 * n));
      return (rate + z2 / 2 - margin) / (1 + z2);
    }
  }

  Watch(RolloutGates gates) {
    this.gates = gates;
    this.current = new Arm(gates.windowMs());
    this.candidate = new Arm(gates.windowMs());
  }

  /** A request ended. */
  void observe(boolean ofCandidate, boolean failed, long ttftMs, long nowMs) {
    (ofCandidate ? candidate : current).add(failed, ttftMs, nowMs);
  }

  /** Why the version that is being rolled out is to be rolled back; empty where it is not. */
  Optional<String> breach(long nowMs) {
    if (candidate.requests(nowMs) < gates.requestsMin()) {
      return Optional.empty();
    }
    // A failure or two among few requests are no evidence yet.
    double excess = candidate.failureRateLeast(nowMs) - current.failureRate(nowMs);
    if (excess > gates.errorRateExcessMax()) {
      return Optional.of(
          String.format(
              Locale.ROOT,
              "error rate %.3f beside %.3f of the current version (allowed: %.3f more)",
              candidate.failureRate(nowMs),
              current.failureRate(nowMs),
              gates.errorRateExcessMax()));
    }
    if (candidate.ttft.count(nowMs) >= gates.requestsMin()
        && current.ttft.count(nowMs) >= gates.requestsMin()) {
      double mine = candidate.ttft.quantileMs(0.9, nowMs);
      double theirs = Math.max(TTFT_MS_MIN, current.ttft.quantileMs(0.9, nowMs));
      if (mine > gates.ttftRatioMax() * theirs) {
        return Optional.of(
            String.format(
                Locale.ROOT,
                "90th percentile of the time to the first token %.0f ms beside %.0f ms of the"
                    + " current version (allowed: %.1f times as long)",
                mine,
                theirs,
                gates.ttftRatioMax()));
      }
    }
    return Optional.empty();
  }
}
