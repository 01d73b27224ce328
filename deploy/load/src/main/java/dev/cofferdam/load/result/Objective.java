package dev.cofferdam.load.result;

import java.util.Locale;
import java.util.Optional;

/**
 * What a mesh has to keep.
 *
 * @param ttftP99Ms bound of the 99th percentile of the time to the first token
 * @param tokenP99Ms bound of the 99th percentile of the mean time of an output token
 * @param errorShare bound of the share of requests that are not served
 */
public record Objective(double ttftP99Ms, double tokenP99Ms, double errorShare) {
  /** One second, a tenth of a second, one in a hundred. */
  public static final Objective DEFAULT = new Objective(1_000, 100, 0.01);

  private static final double US_OF_MS = 1_000;

  /** Whether a request was as good as the objective asks for all but one in a hundred. */
  public boolean isGood(Outcome outcome) {
    return outcome.served()
        && outcome.ttftUs() <= ttftP99Ms * US_OF_MS
        && (!outcome.hasTokenTime() || outcome.tokenTimeUs() <= tokenP99Ms * US_OF_MS);
  }

  /** Which bound figures break, and by how much; empty: none. */
  public Optional<String> brokenBy(Figures figures) {
    // Errors first: what is refused early makes the rest look fast.
    if (figures.errorShare() > errorShare) {
      return Optional.of(
          String.format(
              Locale.ROOT,
              "%.1f %% of the requests are not served (at most %.1f %%), most for %s",
              figures.errorShare() * 100,
              errorShare * 100,
              figures.mostFrequentCode()));
    }
    double ttftMs = figures.ttft().getValueAtPercentile(99) / US_OF_MS;
    if (ttftMs > ttftP99Ms) {
      return Optional.of(
          String.format(Locale.ROOT, "p99 TTFT is %.0f ms (at most %.0f)", ttftMs, ttftP99Ms));
    }
    double tokenMs = figures.tokenTime().getValueAtPercentile(99) / US_OF_MS;
    if (tokenMs > tokenP99Ms) {
      return Optional.of(
          String.format(
              Locale.ROOT,
              "p99 time per output token is %.1f ms (at most %.0f)",
              tokenMs,
              tokenP99Ms));
    }
    return Optional.empty();
  }
}
