package dev.cofferdam.worker.execution;

import dev.cofferdam.worker.generation.PenalizedLogits;
import dev.cofferdam.worker.generation.Sampler;

/**
 * Fills a sequence's entries of a {@link StepResult} from its logits. For executors whose logits
 * are on the host.
 */
public final class SequenceSampler {
  private final Sampler sampler;
  private final PenalizedLogits penalized;

  public SequenceSampler(int vocabularySize) {
    this.sampler = new Sampler(vocabularySize);
    this.penalized = new PenalizedLogits(vocabularySize);
  }

  private int token(float[] logits, int offset, StepPlan plan, int s) {
    boolean penalties = !plan.penalties[s].none();
    if (penalties) {
      penalized.apply(
          logits,
          offset,
          plan.penalties[s],
          plan.history[s],
          plan.promptLength[s],
          plan.historyLength[s]);
    }
    int token =
        sampler.sample(
            logits,
            offset,
            plan.temperature[s],
            plan.topK[s],
            plan.topP[s],
            plan.minP[s],
            plan.seed[s],
            plan.outputIndex[s]);
    if (penalties) {
      penalized.undo(logits, offset);
    }
    return token;
  }

  /** Samples sequence {@code s} of {@code plan} from the logits that start at {@code offset}. */
  public void sample(float[] logits, int offset, StepPlan plan, int s, StepResult result) {
    result.notFinite[s] = !sampler.finite(logits, offset);
    if (result.notFinite[s]) {
      return;
    }
    int token = token(logits, offset, plan, s);
    result.tokenId[s] = token;
    if (plan.topLogprobs[s] >= 0) {
      result.logprob[s] =
          sampler.logprobs(
              logits,
              offset,
              token,
              plan.topLogprobs[s],
              result.topTokenIds,
              result.topLogprobs,
              s * StepResult.TOP_LOGPROBS_MAX);
    }
  }
}
