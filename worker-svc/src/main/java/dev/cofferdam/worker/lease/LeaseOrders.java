package dev.cofferdam.worker.lease;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.worker.batching.SequenceId;

/** What the scheduler orders. Orders for what does not run here are ignored. */
public interface LeaseOrders {

  /** Ends an attempt; its caller is told the code. */
  void revoke(SequenceId id, ErrorCode code);

  /** Serves an attempt no more, keeps its state. */
  void preempt(SequenceId id);

  /** Serves it again. */
  void resume(SequenceId id);

  /** Takes no new requests from now on. */
  void drain();
}
