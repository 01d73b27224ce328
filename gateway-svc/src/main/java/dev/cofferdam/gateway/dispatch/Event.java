package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import java.util.List;

/** What happens to a request. */
public sealed interface Event {
  /**
   * The request begins; first, once.
   *
   * @param auditAccepting whether audit facts can be kept right now
   */
  record Begin(boolean auditAccepting) implements Event {}

  /** The limiter granted what was asked for. */
  record Admitted(LimitState limits) implements Event {}

  /** The limiter refused. */
  record NotAdmitted(Refusal refusal, LimitState limits) implements Event {}

  /** What was found of an answer that was given before. */
  record Recalled(ResponseCache.Found found) implements Event {}

  /** The request waits in a pool's queue. */
  record Queued(int position, long expectedWaitMs) implements Event {}

  /** A worker is leased. */
  record Placed(Placement placement) implements Event {}

  /** The fleet refused to place the request. */
  record PlacementRefused(Refusal refusal) implements Event {}

  /** No router could be reached. */
  record RoutersUnreachable() implements Event {}

  /** The wait that {@link Effect.Wake} asked for is over. */
  record Awake() implements Event {}

  /**
   * The worker honours the grant.
   *
   * @param kvEncrypted whether it keeps the request's KV encrypted
   */
  record WorkerStarted(int cachedPromptTokens, boolean kvEncrypted) implements Event {}

  /**
   * Output tokens.
   *
   * @param firstIndex index of the first of them in the whole output
   * @param scores one for each token, or none
   */
  record Tokens(int firstIndex, int[] tokens, List<TokenScores> scores) implements Event {}

  /** The input's embedding, before the worker is done. */
  @SuppressWarnings("ArrayRecordComponent") // never compared; handed over
  record Embedded(float[] values) implements Event {}

  /**
   * The worker is done.
   *
   * @param stopToken a stop token ended the output; else its bound did
   */
  record WorkerFinished(boolean stopToken, AttemptUsage usage) implements Event {}

  /**
   * The worker's stream broke off.
   *
   * @param elsewhere another worker may do better
   */
  record WorkerFailed(Refusal refusal, boolean elsewhere) implements Event {
    /** Whether a worker that was serving failed or died, and did not just say goodbye. */
    boolean broken() {
      return refusal.code() == ErrorCode.INTERNAL
          || refusal.code() == ErrorCode.DEPENDENCY_UNAVAILABLE;
    }
  }

  /** The client went away. */
  record ClientGone() implements Event {}

  /** The client is there but has not read for longer than it may. */
  record ClientStalled() implements Event {}

  /** The request's deadline passed. */
  record DeadlinePassed() implements Event {}

  /** The gateway itself failed at something for this request: a bug. */
  record Broken() implements Event {}
}
