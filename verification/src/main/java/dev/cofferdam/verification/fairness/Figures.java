package dev.cofferdam.verification.fairness;

import dev.cofferdam.proto.metering.v1.UsageRow;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** What calls add up to. */
final class Figures {
  private static final long SAMPLE_NS = 50_000_000;

  /** As the scheduler's defaults weigh them; no prompt is found in a cache. */
  private static final double OUTPUT_WEIGHT = 2;

  private Figures() {}

  /** A percentile of the times to the first token of what was served, milliseconds. */
  static double ttftMs(List<Call> calls, double share) {
    return percentile(served(calls).mapToDouble(Call::ttftMs), share);
  }

  /**
   * A percentile of what was served waited in the scheduler's queue before its first grant,
   * milliseconds; what the ledger has not got yet is left out.
   *
   * @param ledger of the calls' tenant
   */
  static double queuedMs(List<Call> calls, List<UsageRow> ledger, double share) {
    Map<String, Long> waits =
        ledger.stream()
            .filter(row -> row.getAttempt() == 1)
            .collect(Collectors.toMap(UsageRow::getRequestId, UsageRow::getQueueWaitMs, Math::min));
    return percentile(
        served(calls)
            .map(Call::requestId)
            .filter(waits::containsKey)
            .mapToDouble(id -> waits.getOrDefault(id, 0L)),
        share);
  }

  private static Stream<Call> served(List<Call> calls) {
    return calls.stream().filter(c -> c.outcome() == Call.Outcome.SERVED);
  }

  private static double percentile(DoubleStream values, double share) {
    double[] sorted = values.sorted().toArray();
    return sorted.length == 0
        ? Double.NaN
        : sorted[Math.min(sorted.length - 1, (int) (share * sorted.length))];
  }

  static long count(List<Call> calls, Call.Outcome outcome) {
    return calls.stream().filter(c -> c.outcome() == outcome).count();
  }

  /** Weighted tokens that tenants were served, each over its weight, while all of them waited. */
  record Shares(double[] normalised, double seconds) {
    /** Jain's index; NaN where they never all waited. */
    double jain() {
      double sum = Arrays.stream(normalised).sum();
      double squares = Arrays.stream(normalised).map(s -> s * s).sum();
      return squares == 0 ? Double.NaN : sum * sum / (normalised.length * squares);
    }
  }

  /**
   * @param tenants all calls of each
   * @param weights of the same tenants
   * @param waitedNs a call that has no token after this long waits
   */
  static Shares whileAllWait(List<List<Call>> tenants, double[] weights, long waitedNs) {
    long from = Long.MAX_VALUE;
    long to = Long.MIN_VALUE;
    for (List<Call> calls : tenants) {
      for (Call call : calls) {
        from = Math.min(from, call.sentNs);
        to = Math.max(to, call.sentNs);
      }
    }
    // All prompts are about as long; one that ended early does not say.
    double promptTokens =
        tenants.stream()
            .flatMap(List::stream)
            .filter(c -> c.promptTokens() > 0)
            .mapToInt(Call::promptTokens)
            .average()
            .orElse(0);
    double[] normalised = new double[weights.length];
    double seconds = 0;
    for (long at = from; at < to; at += SAMPLE_NS) {
      long now = at;
      if (tenants.stream().allMatch(calls -> waits(calls, now, waitedNs))) {
        seconds += SAMPLE_NS / 1e9;
        for (int i = 0; i < weights.length; i++) {
          List<Call> calls = tenants.get(i);
          normalised[i] +=
              (served(calls, promptTokens, at + SAMPLE_NS) - served(calls, promptTokens, at))
                  / weights[i];
        }
      }
    }
    return new Shares(normalised, seconds);
  }

  private static boolean waits(List<Call> calls, long now, long waitedNs) {
    return calls.stream()
        .anyMatch(
            c ->
                c.outcome() != Call.Outcome.REFUSED
                    && c.sentNs + waitedNs < now
                    && c.firstNs() > now);
  }

  private static double served(List<Call> calls, double promptTokens, long now) {
    double sum = 0;
    for (Call call : calls) {
      if (call.firstNs() <= now) {
        sum += promptTokens + OUTPUT_WEIGHT * call.tokensAt(now);
      }
    }
    return sum;
  }
}
