package dev.cofferdam.load.scenario;

import dev.cofferdam.load.arrivals.Arrivals;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;

/**
 * Requests of one kind of one tenant.
 *
 * @param name unique in its scenario
 * @param tenant whose
 * @param api over which API
 * @param adapter name of the tenant's adapter; empty: the base model; {@link #OWN}: the adapter
 *     that the tenant's credentials name
 * @param workloadClass asked for; REST asks for none
 * @param arrivals when they come, from {@code fromS} on
 * @param fromS seconds of the scenario before the first
 * @param untilS seconds of the scenario after which none comes
 * @param inputWords words of each request's question
 * @param sharedWords words in front of it that all requests of the stream share
 * @param outputTokens tokens of each answer, which does not end before
 */
public record Stream(
    String name,
    TenantId tenant,
    Api api,
    String adapter,
    WorkloadClass workloadClass,
    Arrivals arrivals,
    double fromS,
    double untilS,
    Range inputWords,
    int sharedWords,
    Range outputTokens) {
  /** The adapter that the tenant's credentials name. */
  public static final String OWN = "own";

  /** Over which API a request goes. */
  public enum Api {
    /** InferenceService. */
    GRPC,
    /** Chat completions, streamed. */
    REST
  }

  /**
   * Whole numbers, all as likely as each other.
   *
   * @param min the least, 1 or more
   * @param max the most
   */
  public record Range(int min, int max) {
    public Range {
      if (min < 1 || max < min) {
        throw new IllegalArgumentException(
            min + " to " + max + " (expected: from 1 on, and not falling)");
      }
    }
  }

  public Stream {
    if (fromS < 0 || untilS <= fromS) {
      throw new IllegalArgumentException(
          name + ": from_s and until_s (expected: 0 or more, and later)");
    }
  }

  /** The same with so many times the rate. */
  public Stream times(double factor) {
    return new Stream(
        name,
        tenant,
        api,
        adapter,
        workloadClass,
        arrivals.times(factor),
        fromS,
        untilS,
        inputWords,
        sharedWords,
        outputTokens);
  }

  /** The same over another API. */
  public Stream over(Api other) {
    return new Stream(
        name,
        tenant,
        other,
        adapter,
        workloadClass,
        arrivals,
        fromS,
        untilS,
        inputWords,
        sharedWords,
        outputTokens);
  }
}
