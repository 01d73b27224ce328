package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.kvcache.KvCache;
import java.util.List;

/** Writes sequences with their rows into a flat step plan. Allocates nothing. */
final class StepFiller {
  private StepFiller() {}

  /** Overwrites the plan with the next {@code rows} of each sequence. */
  static void fill(StepPlan plan, List<Sequence> planned, KvCache kv) {
    int row = 0;
    int entry = 0;
    for (int s = 0; s < planned.size(); s++) {
      Sequence sequence = planned.get(s);
      plan.rowStart[s] = row;
      plan.blockStart[s] = entry;
      for (int i = 0; i < sequence.rows; i++) {
        plan.tokenIds[row] = sequence.tokens[sequence.computed + i];
        plan.positions[row++] = sequence.computed + i;
      }
      System.arraycopy(sequence.blocks, 0, plan.blockTable, entry, sequence.blockCount);
      plan.blockKey[s] = null;
      for (int i = 0; i < sequence.blockCount; i++) {
        long seal = kv.sealOf(sequence.blocks[i]);
        plan.seal[entry + i] = seal;
        if (seal != 0) {
          plan.blockKey[s] = kv.keyOf(sequence.blocks[i]);
        }
      }
      entry += sequence.blockCount;
      plan.adapterSlot[s] = sequence.adapterSlot;
      plan.hidden[s] = sequence.hidden;
      plan.sample[s] =
          sequence.hidden == null && sequence.computed + sequence.rows == sequence.length;
      Sampling sampling = sequence.request.sampling();
      plan.temperature[s] = sampling.temperature();
      plan.topP[s] = sampling.topP();
      plan.topK[s] = sampling.topK();
      plan.minP[s] = sampling.minP();
      plan.penalties[s] = sampling.penalties();
      plan.history[s] = sampling.penalties().none() ? StepPlan.NO_HISTORY : sequence.tokens;
      plan.historyLength[s] = sequence.length;
      plan.promptLength[s] = sequence.request.promptTokens();
      plan.seed[s] = sampling.seed();
      plan.outputIndex[s] = sequence.length - sequence.request.promptTokens();
      plan.topLogprobs[s] = sampling.topLogprobs();
    }
    plan.rowStart[planned.size()] = row;
    plan.sequences = planned.size();
    plan.rows = row;
  }
}
