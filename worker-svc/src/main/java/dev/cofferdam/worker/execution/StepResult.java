package dev.cofferdam.worker.execution;

/** What a step sampled; entries of sequences that asked for no token are undefined. */
public final class StepResult {
  /** Largest number of alternatives for a token. */
  public static final int TOP_LOGPROBS_MAX = 20;

  /** Sampled token of each sequence. */
  public final int[] tokenId;

  /** Natural logarithm of its probability before temperature; undefined where not asked for. */
  public final float[] logprob;

  /** Alternatives, most likely first: {@link #TOP_LOGPROBS_MAX} entries for each sequence. */
  public final int[] topTokenIds;

  /** Log-probabilities of the alternatives. */
  public final float[] topLogprobs;

  /** Whether the logits of a sequence were not finite; its token is undefined then. */
  public final boolean[] notFinite;

  public StepResult(int sequencesMax) {
    tokenId = new int[sequencesMax];
    logprob = new float[sequencesMax];
    topTokenIds = new int[sequencesMax * TOP_LOGPROBS_MAX];
    topLogprobs = new float[sequencesMax * TOP_LOGPROBS_MAX];
    notFinite = new boolean[sequencesMax];
  }
}
