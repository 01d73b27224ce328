package dev.cofferdam.worker.batching;

import java.util.EnumSet;
import java.util.Set;

/** Life of a sequence; {@link #next()} is the whole table of transitions. */
public enum SequenceState {
  /** Holds no KV blocks: not begun, or to be recomputed. */
  WAITING,
  /** Its tokens are being computed, in chunks. */
  PREFILL,
  /** One token for each step. */
  DECODE,
  /** Preempted: not served, its state is kept as long as memory allows. */
  PAUSED,
  /** Ended, once and for all. */
  ENDED;

  /** Where a sequence may go from here. */
  public Set<SequenceState> next() {
    return switch (this) {
      case WAITING -> EnumSet.of(PREFILL, PAUSED, ENDED);
      case PREFILL -> EnumSet.of(DECODE, WAITING, PAUSED, ENDED);
      case DECODE -> EnumSet.of(WAITING, PAUSED, ENDED);
      case PAUSED -> EnumSet.of(WAITING, PREFILL, DECODE, ENDED);
      case ENDED -> EnumSet.noneOf(SequenceState.class);
    };
  }
}
