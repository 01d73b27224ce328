package dev.cofferdam.worker.batching;

/** Told of a sequence's way, on the step thread: must not block. */
public interface SequenceListener {

  /**
   * Whether it takes more tokens. While it does not, the sequence keeps its place and is not
   * computed.
   */
  boolean ready();

  /** The first chunk is about to run; so many of the input tokens came from the prefix cache. */
  void started(int cachedPromptTokens);

  /**
   * A token.
   *
   * @param index index in the output of the whole request
   * @param token the token and, when asked for, its log-probabilities; valid during the call only
   */
  void token(int index, SampledToken token);

  /**
   * The input's embedding, where the request is for one: the mean of its hidden states, scaled to
   * length 1; handed over.
   */
  void embedding(float[] values);

  /** The end, once; its KV blocks are zeroed or back in the tenant's cache. */
  void ended(EndCause cause, SequenceUsage usage);
}
