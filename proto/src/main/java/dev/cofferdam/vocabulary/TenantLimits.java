package dev.cofferdam.vocabulary;

/**
 * What a tenant may use.
 *
 * @param concurrentRequests requests in flight
 * @param requestsPerMinute requests in any 60 s
 * @param tokensPerMinute input and output tokens in any 60 s
 * @param contextTokensMax input and output tokens of one request
 * @param kvBytesMax bytes of KV memory
 * @param priority 1 is the highest
 * @param burst how evenly requests must come
 * @param budgets what it may spend in a day and a month
 * @param connections what its clients may have of a gateway's network
 */
public record TenantLimits(
    int concurrentRequests,
    int requestsPerMinute,
    long tokensPerMinute,
    int contextTokensMax,
    long kvBytesMax,
    int priority,
    Burst burst,
    Budgets budgets,
    ConnectionLimits connections) {

  /**
   * @throws IllegalArgumentException naming every value that is not positive
   */
  public TenantLimits {
    StringBuilder problems = new StringBuilder();
    check(problems, "concurrent_requests", concurrentRequests);
    check(problems, "requests_per_minute", requestsPerMinute);
    check(problems, "tokens_per_minute", tokensPerMinute);
    check(problems, "context_tokens_max", contextTokensMax);
    check(problems, "kv_bytes_max", kvBytesMax);
    check(problems, "priority", priority);
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(problems.toString());
    }
  }

  /** Limits without a bound on connections. */
  public TenantLimits(
      int concurrentRequests,
      int requestsPerMinute,
      long tokensPerMinute,
      int contextTokensMax,
      long kvBytesMax,
      int priority,
      Burst burst,
      Budgets budgets) {
    this(
        concurrentRequests,
        requestsPerMinute,
        tokensPerMinute,
        contextTokensMax,
        kvBytesMax,
        priority,
        burst,
        budgets,
        ConnectionLimits.UNLIMITED);
  }

  /**
   * Limits without a budget or a bound on connections, whose bucket is no narrower than the window
   * of requests.
   */
  public TenantLimits(
      int concurrentRequests,
      int requestsPerMinute,
      long tokensPerMinute,
      int contextTokensMax,
      long kvBytesMax,
      int priority) {
    this(
        concurrentRequests,
        requestsPerMinute,
        tokensPerMinute,
        contextTokensMax,
        kvBytesMax,
        priority,
        Burst.ofWindow(Math.max(1, requestsPerMinute)),
        Budgets.NONE);
  }

  /** Share in fair queuing: 1 / priority. */
  public double weight() {
    return 1.0 / priority;
  }

  private static void check(StringBuilder problems, String name, long value) {
    if (value <= 0) {
      problems
          .append(problems.isEmpty() ? "" : "; ")
          .append(name)
          .append(": ")
          .append(value)
          .append(" (expected: > 0)");
    }
  }
}
