package dev.cofferdam.scheduler.admission;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.List;
import java.util.Map;

/**
 * What a pool is asked to place. Facts of the tenant come from its record, never from a client.
 *
 * @param key the request and its attempt
 * @param operation what the worker is to do
 * @param tenant the tenant
 * @param tier tier name, for events
 * @param weight share of the tenant, above 0
 * @param model model id
 * @param adapter adapter name, empty for the base model
 * @param adapterVersion adapter version, empty for the base model
 * @param workloadClass its class
 * @param promptTokens input tokens
 * @param generatedTokens output tokens that the client has already
 * @param outputTokensMax bound of the output tokens, those included
 * @param deadlineMs milliseconds since the epoch after which no grant is wanted
 * @param candidates workers that may serve it, best first
 * @param runningMax requests of the tenant that may run at once in the pool; 0 for no bound
 * @param kvBytesMax KV bytes of the tenant in the pool; 0 for no bound
 * @param kvEncrypted whether the worker must keep its KV blocks encrypted
 * @param traceHeaders the trace that it belongs to
 */
public record PoolRequest(
    AttemptKey key,
    Operation operation,
    TenantId tenant,
    String tier,
    double weight,
    String model,
    String adapter,
    String adapterVersion,
    WorkloadClass workloadClass,
    int promptTokens,
    int generatedTokens,
    int outputTokensMax,
    long deadlineMs,
    List<Candidate> candidates,
    int runningMax,
    long kvBytesMax,
    boolean kvEncrypted,
    Map<String, String> traceHeaders) {

  /** Workers that a request may name. */
  public static final int CANDIDATES_MAX = 64;

  private static final int TOKENS_MAX = 1 << 24;

  /**
   * @throws IllegalArgumentException naming every field that does not hold
   */
  public PoolRequest {
    candidates = List.copyOf(candidates);
    traceHeaders = Map.copyOf(traceHeaders);
    StringBuilder problems = new StringBuilder();
    check(problems, "attempt", key.attempt(), 1, Integer.MAX_VALUE);
    check(problems, "prompt_tokens", promptTokens, 1, TOKENS_MAX);
    int outputMin = operation.outputTokensMin();
    check(
        problems, "output_tokens_max", outputTokensMax, outputMin, outputMin == 0 ? 0 : TOKENS_MAX);
    check(problems, "generated_tokens", generatedTokens, 0, outputTokensMax);
    check(problems, "candidates", candidates.size(), 0, CANDIDATES_MAX);
    check(problems, "running_max", runningMax, 0, Integer.MAX_VALUE);
    check(problems, "kv_bytes_max", kvBytesMax, 0, Long.MAX_VALUE);
    if (!(weight > 0 && weight <= 1e6)) {
      problems.append("; weight: ").append(weight).append(" (expected: above 0, at most 1000000)");
    }
    if (model.isEmpty()) {
      problems.append("; model: missing");
    }
    for (Candidate c : candidates) {
      if (!(c.score() >= 0 && c.score() <= 1) || c.cachedTokens() < 0) {
        problems.append("; candidates: score or cached_tokens out of range");
        break;
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(problems.substring(2));
    }
  }

  /** Tokens for which KV is needed. */
  public long contextTokens() {
    return (long) promptTokens + outputTokensMax;
  }

  /** Whether it had its turn before, on a worker that was lost. */
  public boolean lostItsWorker() {
    return key.attempt() > 1;
  }

  /** KV blocks for which it needs a lease. */
  public int kvBlocks(int blockTokens) {
    return Math.toIntExact((contextTokens() + blockTokens - 1) / blockTokens);
  }

  /** The adapter as workers hold it; empty for the base model. */
  public String adapterSlot() {
    return adapter.isEmpty() ? "" : tenant + "/" + adapter + "@" + adapterVersion;
  }

  private static void check(
      StringBuilder problems, String name, long value, long least, long most) {
    if (value < least || value > most) {
      problems.append("; ").append(name).append(": ").append(value).append(" (expected: ");
      problems.append(least).append(" to ").append(most).append(')');
    }
  }
}
