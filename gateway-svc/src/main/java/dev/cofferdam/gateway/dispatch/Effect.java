package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.gateway.quota.Used;
import java.util.List;
import java.util.Optional;

/** What is to be done, in the order given. */
public sealed interface Effect {
  /** Ask the limiter. Answered by {@code Admitted} or {@code NotAdmitted}, always. */
  record Admit() implements Effect {}

  /** Look for an answer that was given before. Answered by {@code Recalled}, always. */
  record Recall() implements Effect {}

  /**
   * Keep an answer to give it again.
   *
   * @param embedding of the question, where it is known
   */
  record Keep(ResponseCache.Response response, Optional<float[]> embedding) implements Effect {}

  /** Settle the lease that the limiter granted; exactly once for each {@code Admitted}. */
  record Settle(Used used) implements Effect {}

  /**
   * Ask the routers for a worker.
   *
   * @param attempt 1 for the first
   * @param tokens input and the output so far
   * @param generated how many of them are output
   * @param excluded workers that failed this request
   */
  record Place(int attempt, int[] tokens, int generated, List<String> excluded) implements Effect {}

  /** Withdraw the placement that is under way. */
  record StopPlacing() implements Effect {}

  /** Have the leased worker generate. */
  record Generate(int attempt, Placement placement, int[] tokens) implements Effect {}

  /** End the worker's call. */
  record StopWorker() implements Effect {}

  /**
   * Tell the worker that the output is complete, and how much of it is billed. Its call ends.
   *
   * @param outputTokens output tokens of this attempt, up to the stop
   */
  record FinishWorker(int outputTokens) implements Effect {}

  /** Tell the client. */
  record Tell(Told told) implements Effect {}

  /**
   * Keep that workers failed or died of the request.
   *
   * @param workerIds which
   */
  record DeadLetter(List<String> workerIds) implements Effect {}

  /** Come back with {@code Awake}. */
  record Wake(long afterMs) implements Effect {}

  /** Keep how the request ended; exactly once for each request. */
  record Record(Ending ending) implements Effect {}
}
