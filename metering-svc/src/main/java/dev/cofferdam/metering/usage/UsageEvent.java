package dev.cofferdam.metering.usage;

import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.util.List;

/**
 * One line of the ledger: what one attempt of a request used.
 *
 * @param source who measured it (CloudEvents source)
 * @param eventId "request:attempt:sequence", unique over all sources: an attempt that two sources
 *     report is counted once
 * @param request the request
 * @param attempt 1 for the first placement
 * @param sequence 0 for the attempt's own fact, more for corrections
 * @param tenant who pays
 * @param tier name of the tenant's tier
 * @param served what served it
 * @param quantities how much
 * @param outcome how the attempt ended, in lower case
 * @param ended when it ended, in milliseconds; the hour and day that it counts in
 */
public record UsageEvent(
    String source,
    String eventId,
    RequestId request,
    int attempt,
    int sequence,
    TenantId tenant,
    String tier,
    Served served,
    Quantities quantities,
    String outcome,
    Instant ended) {

  /** Longest text that a fact may carry in one field. */
  static final int TEXT_CHARS_MAX = 256;

  /** Events that ended before this are refused: the product did not exist. */
  private static final Instant EARLIEST = Instant.parse("2020-01-01T00:00:00Z");

  /**
   * @throws IllegalArgumentException where a field does not hold, naming the field and never
   *     repeating its value
   */
  public UsageEvent {
    text("source", source);
    text("id", eventId);
    text("tier", tier);
    text("outcome", outcome);
    if (attempt < 1) {
      throw new IllegalArgumentException("attempt: expected 1 or more");
    }
    if (sequence < 0) {
      throw new IllegalArgumentException("sequence: expected 0 or more");
    }
    if (!eventId.equals(id(request, attempt, sequence))) {
      throw new IllegalArgumentException("id: expected request:attempt:sequence");
    }
    if (ended.isBefore(EARLIEST)) {
      throw new IllegalArgumentException("ended: expected 2020 or later");
    }
  }

  /** The id of an attempt's event. */
  public static String id(RequestId request, int attempt, int sequence) {
    return request.value() + ":" + attempt + ":" + sequence;
  }

  /**
   * 1 where the event starts a request of the tenant's, so that sums count each request once; 0
   * elsewhere.
   */
  public int startsRequest() {
    return attempt == 1 && sequence == 0 && !served.operation().equals(Served.SHADOW) ? 1 : 0;
  }

  /** The same without input, for which another event of the request is billed. */
  public UsageEvent withoutInput() {
    return new UsageEvent(
        source,
        eventId,
        request,
        attempt,
        sequence,
        tenant,
        tier,
        served,
        quantities.withoutInput(),
        outcome,
        ended);
  }

  /**
   * What served an attempt.
   *
   * @param model model id
   * @param adapter adapter name, empty for the base model
   * @param adapterVersion adapter version, empty for the base model
   * @param workloadClass "interactive", "standard" or "batch"
   * @param pool the pool
   * @param workerId the worker
   * @param workerType "cpu" or "cuda"
   * @param operation "generate", "embed" or "shadow"
   */
  public record Served(
      String model,
      String adapter,
      String adapterVersion,
      String workloadClass,
      String pool,
      String workerId,
      String workerType,
      String operation) {
    /** The classes of work. */
    private static final List<String> CLASSES = List.of("interactive", "standard", "batch");

    /** A copy of a request for another model, which nobody asked for. */
    private static final String SHADOW = "shadow";

    /** What is done. */
    private static final List<String> OPERATIONS = List.of("generate", "embed", SHADOW);

    public Served {
      if (!OPERATIONS.contains(operation)) {
        throw new IllegalArgumentException("operation: expected one of " + OPERATIONS);
      }
      if (model.isEmpty()) {
        throw new IllegalArgumentException("model: missing");
      }
      text("model", model);
      text("adapter", adapter);
      text("adapter_version", adapterVersion);
      text("pool", pool);
      text("worker_id", workerId);
      text("worker_type", workerType);
      if (!CLASSES.contains(workloadClass)) {
        throw new IllegalArgumentException(
            "workload_class: expected interactive, standard or batch");
      }
    }
  }

  /**
   * How much an attempt used.
   *
   * @param promptTokens billed input tokens
   * @param cachedPromptTokens those of them from the prefix cache
   * @param outputTokens billed output tokens
   * @param queueWaitMs milliseconds in the queue
   * @param prefillMs milliseconds of prefill
   * @param decodeMs milliseconds of decode
   * @param computeUs compute microseconds
   * @param kvBlockMs KV block-milliseconds
   * @param preemptions times that it was preempted
   */
  public record Quantities(
      long promptTokens,
      long cachedPromptTokens,
      long outputTokens,
      long queueWaitMs,
      long prefillMs,
      long decodeMs,
      long computeUs,
      long kvBlockMs,
      int preemptions) {
    /** Bound of a single quantity; nine million of the largest still add up in 64 bits. */
    private static final long MAX = 1_000_000_000_000L;

    public Quantities {
      amount("prompt_tokens", promptTokens);
      amount("cached_prompt_tokens", cachedPromptTokens);
      amount("output_tokens", outputTokens);
      amount("queue_wait_ms", queueWaitMs);
      amount("prefill_ms", prefillMs);
      amount("decode_ms", decodeMs);
      amount("compute_us", computeUs);
      amount("kv_block_ms", kvBlockMs);
      amount("preemptions", preemptions);
      if (cachedPromptTokens > promptTokens) {
        throw new IllegalArgumentException("cached_prompt_tokens: expected at most prompt_tokens");
      }
    }

    private Quantities withoutInput() {
      return new Quantities(
          0, 0, outputTokens, queueWaitMs, prefillMs, decodeMs, computeUs, kvBlockMs, preemptions);
    }

    private static void amount(String field, long value) {
      if (value < 0 || value > MAX) {
        throw new IllegalArgumentException(field + ": expected 0 to " + MAX);
      }
    }
  }

  private static void text(String field, String value) {
    if (value.length() > TEXT_CHARS_MAX || value.chars().anyMatch(c -> c < ' ')) {
      throw new IllegalArgumentException(
          field
              + ": expected at most "
              + TEXT_CHARS_MAX
              + " characters without control characters");
    }
  }
}
