package dev.cofferdam.load.result;

import java.util.Collection;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Figures of some requests. Times are in microseconds, counted from when a request was meant to
 * start.
 *
 * @param requests how many there were
 * @param served those that were answered
 * @param good those of them that kept the objective
 * @param promptTokens input tokens of the served
 * @param cachedTokens those of them that the prefix cache had
 * @param outputTokens output tokens of the served
 * @param codes how many were not served, by code
 * @param ttft time to the first output
 * @param tokenTime mean time of an output token after the first
 * @param latency time of the whole request
 * @param lateness how much later than meant requests were sent: the driver's own lag
 */
public record Figures(
    long requests,
    long served,
    long good,
    long promptTokens,
    long cachedTokens,
    long outputTokens,
    Map<String, Long> codes,
    Histogram ttft,
    Histogram tokenTime,
    Histogram latency,
    Histogram lateness) {
  private static final long LONGEST_US = TimeUnit.MINUTES.toMicros(30);
  private static final int DIGITS = 3;

  public Figures {
    codes = Map.copyOf(codes);
  }

  /** The figures of requests. */
  public static Figures of(Collection<Outcome> outcomes, Objective objective) {
    Histogram ttft = histogram();
    Histogram tokenTime = histogram();
    Histogram latency = histogram();
    Histogram lateness = histogram();
    Map<String, Long> codes = new TreeMap<>();
    long served = 0;
    long good = 0;
    long prompt = 0;
    long cached = 0;
    long output = 0;
    for (Outcome outcome : outcomes) {
      record(lateness, outcome.sentUs() - outcome.planned().atUs());
      if (!outcome.served()) {
        codes.merge(outcome.code(), 1L, Long::sum);
        continue;
      }
      served++;
      good += objective.isGood(outcome) ? 1 : 0;
      prompt += outcome.promptTokens();
      cached += outcome.cachedTokens();
      output += outcome.outputTokens();
      record(ttft, outcome.ttftUs());
      record(latency, outcome.latencyUs());
      if (outcome.hasTokenTime()) {
        record(tokenTime, outcome.tokenTimeUs());
      }
    }
    return new Figures(
        outcomes.size(),
        served,
        good,
        prompt,
        cached,
        output,
        codes,
        ttft,
        tokenTime,
        latency,
        lateness);
  }

  private static Histogram histogram() {
    return new Histogram(LONGEST_US, DIGITS);
  }

  private static void record(Histogram histogram, long us) {
    histogram.recordValue(Math.clamp(us, 0, LONGEST_US));
  }

  /** Share of the requests that were not served. */
  public double errorShare() {
    return requests == 0 ? 0 : (requests - served) / (double) requests;
  }

  /** The code that most of those have that were not served; "-" where all were. */
  public String mostFrequentCode() {
    return codes.entrySet().stream()
        .max(Map.Entry.comparingByValue(Comparator.naturalOrder()))
        .map(Map.Entry::getKey)
        .orElse("-");
  }
}
