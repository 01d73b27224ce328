package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.batching.BlockSupply.Supply;
import java.util.List;

/**
 * Deals the rows of a step: one to each sequence that decodes, then chunks of prompts in the order
 * of their virtual finish tags, within the step's tokens and the time that prompts may take. Short
 * prompts of tenants that have less than their share of the batch come before the others'.
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
    int decodes = options.stepTokensMax() - room;
    int wanted = promptRows();
    int rows = pace.rows(decodes, room, wanted);
    int first = decodes > 0 && rows < wanted ? dealToThoseWithLess(room) : 0;
    dealPrefills(Math.max(0, rows - first));
  }

  /** Short prompts of tenants with less than their share, earliest first; how many rows it were. */
  private int dealToThoseWithLess(int room) {
    countPeers();
    int given = 0;
    int sequences = 0;
    double weights = 0;
    for (int i = 0; i < live.size(); i++) {
      Sequence sequence = live.get(i);
      if (sequence.isServed()) {
        sequences++;
        weights += sequence.request.weight() / sequence.peers;
      }
    }
    int dealt = dealtSequences();
    for (int i = 0; i < live.size() && given < room && dealt < options.slots(); i++) {
      Sequence sequence = live.get(i);
      boolean hasLess =
          sequence.peers < sequences
              && sequence.peers * weights < sequences * sequence.request.weight();
      if (sequence.state() == SequenceState.PREFILL && sequence.isServed() && hasLess) {
        int promptRows = sequence.length - sequence.cachedPromptTokens();
        sequence.rows = pace.rowsOnDebt(room - given, given, promptRows, sequence.remaining());
        given += sequence.rows;
        dealt += sequence.rows > 0 ? 1 : 0;
      }
    }
    return given;
  }

  /** How many sequences the tenant of each has in the batch, itself among them. */
  private void countPeers() {
    for (int i = 0; i < live.size(); i++) {
      Sequence sequence = live.get(i);
      sequence.peers = 0;
      for (int j = 0; j < live.size(); j++) {
        Sequence other = live.get(j);
        boolean peer = other.isServed() && other.tenant().equals(sequence.tenant());
        sequence.peers += peer ? 1 : 0;
      }
    }
  }

  private int dealtSequences() {
    int dealt = 0;
    for (int i = 0; i < live.size(); i++) {
      dealt += live.get(i).rows > 0 ? 1 : 0;
    }
    return dealt;
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
    int sequences = dealtSequences();
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
