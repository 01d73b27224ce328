package dev.cofferdam.router.placement;

import dev.cofferdam.router.routing.LeftOut;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Why recent requests were placed where they were; the oldest leave first. Content-free.
 *
 * <p>Thread-safe.
 */
public final class Explanations {
  private final int requestsMax;
  private final Map<RequestId, Explanation> byRequest = new HashMap<>();
  private final ArrayDeque<RequestId> oldestFirst = new ArrayDeque<>();

  /**
   * Why a request was placed where it was.
   *
   * @param attempt the last placement
   * @param tenant the tenant
   * @param pool the pool
   * @param workerId the worker
   * @param adapterVersion version of the adapter, empty for the base model
   * @param queueWaitMs milliseconds in the scheduler's queue
   * @param workersOffered workers that the scheduler could choose from
   * @param workers the worker and the best of the others, best first
   * @param leftOut workers that could not be taken at that moment
   */
  public record Explanation(
      int attempt,
      TenantId tenant,
      String pool,
      String workerId,
      String adapterVersion,
      long queueWaitMs,
      int workersOffered,
      List<Explained> workers,
      List<LeftOut> leftOut) {
    public Explanation {
      workers = List.copyOf(workers);
      leftOut = List.copyOf(leftOut);
    }
  }

  /**
   * What spoke for a worker.
   *
   * @param workerId the worker
   * @param score its score, in [0, 1]
   * @param lines one for each scorer
   */
  public record Explained(String workerId, double score, List<String> lines) {
    public Explained {
      lines = List.copyOf(lines);
    }
  }

  /**
   * @param requestsMax bound of the requests that are remembered
   */
  public Explanations(int requestsMax) {
    this.requestsMax = requestsMax;
  }

  /** Remembers a placement; a later attempt takes the place of the former. */
  public synchronized void put(RequestId request, Explanation explanation) {
    if (byRequest.put(request, explanation) == null) {
      oldestFirst.add(request);
    }
    while (oldestFirst.size() > requestsMax) {
      byRequest.remove(oldestFirst.removeFirst());
    }
  }

  /** Why a request was placed where it was. */
  public synchronized Optional<Explanation> of(RequestId request) {
    return Optional.ofNullable(byRequest.get(request));
  }
}
