package dev.cofferdam.worker.serving;

import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.SampledToken;
import dev.cofferdam.worker.batching.SequenceUsage;

/** Where a request's output goes. All but the last two are called on the step thread. */
public interface Output {

  /** Whether it takes more tokens. */
  boolean ready();

  /** The request runs. */
  void started(int cachedPromptTokens);

  /** A token; valid during the call only. */
  void token(int index, SampledToken token);

  /** The input's embedding; handed over. */
  void embedding(float[] values);

  /**
   * Takes no more tokens from now on. Called once, before {@link #finished} or {@link #failed}.
   *
   * @param completed whether every token that was taken will still be delivered
   * @return output tokens that were, or will be, handed to the caller
   */
  int close(boolean completed);

  /** Runs something in the request's trace. */
  void inTrace(Runnable task);

  /** Tells the caller of the end of a completed request. */
  void finished(EndCause cause, SequenceUsage usage, int delivered);

  /** Ends the call of a completed request; last. */
  void done();

  /** The end of any other. */
  void failed(Refusal refusal);
}
