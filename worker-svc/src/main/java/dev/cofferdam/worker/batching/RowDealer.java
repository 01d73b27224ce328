package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.batching.BlockSupply.Supply;
import java.util.List;

/**
 * Deals the rows of a step: one to each sequence that decodes, then chunks of prompts in the order
 * of their virtual finish tags, within the step's tokens and the time that prompts may take.
 */
final class RowDealer {
  private final List<Sequence> live;
  private final BlockSupply supply;
  private final BatchOptions options;
  private final PrefillPace pace;

  /**
   * @param live all sequences, the earliest virtual start tag first
   */
  RowDealer(List<Sequence> live, BlockSupply supply, BatchOptions options) {
    this.live = live;
    this.supply = supply;
    this.options = options;
    this.pace = new PrefillPace(options.stepTokensMax(), options.decodeSlowdownMax());
  }

  /** Deals the rows of the next step. */
  void deal(long nowNs) {
    int room = dealDecodes(options.stepTokensMax(), nowNs);
    dealPrefills(pace.rows(options.stepTokensMax() - room, room, promptRows()));
  }

  private int promptRows() {
    int rows = 0;
    for (int i = 0; i < live.size(); i++) {
      Sequence sequence = live.get(i);
      if (sequence.state() == SequenceState.PREFILL && sequence.isServed()) {
        rows += sequence.length - sequence.cachedPromptTokens();
      }
    }
    return rows;
  }

  /** Takes note of what a step took. */
  void settled(int decodes, int prefillRows, long busyNs) {
    pace.settled(decodes, prefillRows, busyNs);
  }

  /**
   * Lets one suspect run alone, so that a failing step names who is to blame.
   *
   * @return whether one can
   */
  boolean dealToSuspect(long nowNs) {
    for (Sequence sequence : live) {
      if (sequence.suspect && sequence.isServed()) {
        int rows = Math.min(sequence.remaining(), options.stepTokensMax());
        if (supply.extend(sequence, sequence.computed + rows, nowNs) == Supply.GIVEN) {
          sequence.rows = rows;
          return true;
        }
      }
    }
    return false;
  }

  private int dealDecodes(int budget, long nowNs) {
    int left = budget;
    int sequences = 0;
    for (int i = 0; i < live.size() && sequences < options.slots(); i++) {
      Sequence sequence = live.get(i);
      if (sequence.state() != SequenceState.DECODE || !sequence.isServed()) {
        continue;
      }
      if (supply.extend(sequence, sequence.length, nowNs) == Supply.GIVEN) {
        sequence.rows = 1;
        left--;
        sequences++;
      }
    }
    return left;
  }

  /** Deals the rest of the budget to prompts, chunk by chunk, smallest virtual finish first. */
  private void dealPrefills(int budget) {
    int left = budget;
    int sequences = 0;
    for (Sequence sequence : live) {
      sequences += sequence.rows > 0 ? 1 : 0;
    }
    while (left > 0) {
      Sequence next = null;
      double finish = Double.POSITIVE_INFINITY;
      for (int i = 0; i < live.size(); i++) {
        Sequence sequence = live.get(i);
        if (sequence.state() == SequenceState.PREFILL
            && sequence.isServed()
            && sequence.rows < sequence.remaining()
            && (sequence.rows > 0 || sequences < options.slots())) {
          double tag = sequence.finishTag(sequence.rows + options.prefillChunkTokens());
          if (tag < finish) {
            finish = tag;
            next = sequence;
          }
        }
      }
      if (next == null) {
        return;
      }
      sequences += next.rows == 0 ? 1 : 0;
      int chunk =
          Math.min(left, Math.min(options.prefillChunkTokens(), next.remaining() - next.rows));
      next.rows += chunk;
      left -= chunk;
    }
  }
}
