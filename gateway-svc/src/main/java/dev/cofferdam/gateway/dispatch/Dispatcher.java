package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.quota.Limiter;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;

/**
 * Starts requests on their course.
 *
 * @param limiter decides limits
 * @param placements finds workers
 * @param responses answers that were given before
 * @param storage keeps requests that tenants want kept
 * @param workers has them generate
 * @param facts keeps audit facts
 * @param prefixes names prefix blocks
 * @param timer for deadlines and waits; its tasks are short
 * @param disk writes to the disk; a thread of its own
 * @param clock the time
 * @param observer metrics
 * @param stallMsMax milliseconds for which a client may not read before its request is cancelled
 */
public record Dispatcher(
    Limiter limiter,
    Placements placements,
    ResponseCache responses,
    PromptStorage storage,
    Workers workers,
    AuditFacts facts,
    PrefixNames prefixes,
    ScheduledExecutorService timer,
    Executor disk,
    InstantSource clock,
    RequestObserver observer,
    long stallMsMax) {

  /** The same with another cache of answers. */
  public Dispatcher recallingFrom(ResponseCache another) {
    return with(limiter, another, storage, facts, observer);
  }

  /** The same with audit facts that go elsewhere. */
  public Dispatcher tellingTo(AuditFacts another) {
    return with(limiter, responses, storage, another, observer);
  }

  /** The same for generations whose tokens another request has reserved, and will settle. */
  public Dispatcher unlimited() {
    return limitedBy(Limiter.RESERVED);
  }

  /** The same with limits that another decides. */
  Dispatcher limitedBy(Limiter another) {
    return with(another, responses, storage, facts, observer);
  }

  /**
   * The same for requests that no limit counts, that are kept nowhere, and that another observes.
   */
  public Dispatcher shadowing(RequestObserver another) {
    return with(Limiter.RESERVED, ResponseCache.NONE, PromptStorage.NONE, facts, another);
  }

  private Dispatcher with(
      Limiter limiter,
      ResponseCache responses,
      PromptStorage storage,
      AuditFacts facts,
      RequestObserver observer) {
    return new Dispatcher(
        limiter,
        placements,
        responses,
        storage,
        workers,
        facts,
        prefixes,
        timer,
        disk,
        clock,
        observer,
        stallMsMax);
  }

  /**
   * Starts a request.
   *
   * @param threads where the request's work runs
   * @return the request under way; whoever holds it must say when the client goes away
   */
  public Dispatch start(Generation generation, Client client, Threads threads) {
    Dispatch dispatch = new Dispatch(this, generation, client, threads);
    dispatch.begin();
    return dispatch;
  }
}
