package dev.cofferdam.worker.lease;

import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.SequenceId;
import dev.cofferdam.worker.batching.SequenceProgress;
import dev.cofferdam.worker.batching.SequenceUsage;
import java.util.List;

/** What the scheduler is told. Called by any thread; must not block. */
public interface LeaseEvents {

  /** A lease is honoured. */
  void accepted(Lease lease);

  /**
   * What was served.
   *
   * @param kvBlocksFree blocks that no sequence holds
   */
  void progress(List<SequenceProgress> progress, int kvBlocksFree);

  /** A lease is free again. */
  void ended(SequenceId id, EndCause.Outcome outcome, SequenceUsage usage);
}
