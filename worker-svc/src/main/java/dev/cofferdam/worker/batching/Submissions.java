package dev.cofferdam.worker.batching;

/** The way into the batch, for any thread. */
public interface Submissions {

  /** Hands a sequence over. Returns whether it was taken; its listener is told of its end then. */
  boolean submit(Sequence sequence);

  /** Makes the step thread look again: a sequence was cancelled, resumed, or has a reader again. */
  void wake();
}
