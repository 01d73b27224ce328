package dev.cofferdam.scheduler.shard;

import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;

/** What a pool wants done. */
public sealed interface PoolEffect {
  /** Tells a caller where its request stands; 0 is next. An unknown wait is 0. */
  record Queued(long ticket, int position, long expectedWaitMs) implements PoolEffect {}

  /**
   * Answers a caller: room is leased. Last answer.
   *
   * @param worker the worker
   * @param kvBlocks KV blocks leased
   * @param startTag virtual start tag
   * @param expiresMs when the grant ends, milliseconds since the epoch
   */
  record Granted(
      long ticket,
      PoolRequest request,
      WorkerDescriptor worker,
      int kvBlocks,
      double startTag,
      long queueWaitMs,
      long expiresMs)
      implements PoolEffect {}

  /**
   * Answers a caller: no room. Last answer.
   *
   * @param wasAdmitted whether it had a place in the queue before
   */
  record Refused(long ticket, PoolRequest request, Refusal refusal, boolean wasAdmitted)
      implements PoolEffect {}

  /** Tells a worker to end an attempt, and to take no grant for it. */
  record Revoke(String workerId, long session, AttemptKey key, String code) implements PoolEffect {}

  /**
   * Tells a worker to serve an attempt no more and to keep its state.
   *
   * @param request what gives way
   * @param causedBy the tenant of the request that takes its place
   */
  record Preempt(String workerId, long session, PoolRequest request, TenantId causedBy)
      implements PoolEffect {}

  /**
   * Tells a worker to serve a preempted attempt again.
   *
   * @param pausedMs how long it was not
   */
  record Resume(String workerId, long session, AttemptKey key, long pausedMs)
      implements PoolEffect {}

  /** A session was replaced by a newer one of the same worker, or refused as older. */
  record SessionClosed(String workerId, long session) implements PoolEffect {}

  /**
   * States the usage of an attempt whose worker is lost.
   *
   * @param outputTokens output tokens to be billed
   * @param promptTokens input tokens to be billed
   */
  record AttemptLost(
      PoolRequest request,
      String workerId,
      Served served,
      long promptTokens,
      long cachedTokens,
      long outputTokens,
      long queueWaitMs,
      long prefillMs,
      long decodeMs,
      long endedMs)
      implements PoolEffect {}
}
