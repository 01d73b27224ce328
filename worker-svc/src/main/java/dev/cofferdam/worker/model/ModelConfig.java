package dev.cofferdam.worker.model;

/**
 * Geometry of a Llama-family decoder.
 *
 * @param type {@code model_type}: llama, mistral, qwen2 or qwen3
 * @param vocabularySize number of token ids
 * @param hidden width of the residual stream
 * @param feedForward width of the gated feed-forward network
 * @param layers number of layers
 * @param heads query heads
 * @param kvHeads key and value heads; divides {@code heads}
 * @param headDimension width of a head, even
 * @param positionsMax positions that the model was made for, or that its sliding window holds: so
 *     far its attention is that of a model without a window
 * @param normEpsilon addend under the root of RMSNorm
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScaling how they are stretched
 * @param tiedEmbeddings whether the output projection is the embedding
 * @param qkvBias whether the query, key and value projections have a bias
 * @param outputBias whether the attention's output projection has a bias
 * @param qkNorm whether each head of query and key is RMS-normalised before the rotation (Qwen 3)
 */
public record ModelConfig(
    String type,
    int vocabularySize,
    int hidden,
    int feedForward,
    int layers,
    int heads,
    int kvHeads,
    int headDimension,
    int positionsMax,
    double normEpsilon,
    double ropeTheta,
    RopeScaling ropeScaling,
    boolean tiedEmbeddings,
    boolean qkvBias,
    boolean outputBias,
    boolean qkNorm) {

  /** The same model with other rotary frequencies. */
  public ModelConfig withRopeScaling(RopeScaling scaling) {
    return new ModelConfig(
        type,
        vocabularySize,
        hidden,
        feedForward,
        layers,
        heads,
        kvHeads,
        headDimension,
        positionsMax,
        normEpsilon,
        ropeTheta,
        scaling,
        tiedEmbeddings,
        qkvBias,
        outputBias,
        qkNorm);
  }

  /** Width of all query heads together. */
  public int queryWidth() {
    return heads * headDimension;
  }

  /** Width of all key (or value) heads together. */
  public int kvWidth() {
    return kvHeads * headDimension;
  }

  /** Elements of K and V of a token in all layers. */
  public long kvElementsPerToken() {
    return 2L * layers * kvWidth();
  }

  /** Number of weights, norms and biases left aside. */
  public long parameters() {
    long layer = (long) hidden * (2L * queryWidth() + 2L * kvWidth() + 3L * feedForward);
    return layers * layer + (tiedEmbeddings ? 1L : 2L) * vocabularySize * hidden;
  }

  /**
   * Rotary frequencies in radians per position, {@code headDimension / 2} of them, rounded to F32
   * as the training frameworks do (Su et al., 2021).
   */
  public float[] ropeFrequencies() {
    float[] frequencies = new float[headDimension / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double unscaled = 1 / StrictMath.pow(ropeTheta, 2.0 * i / headDimension);
      frequencies[i] = (float) ropeScaling.scale(i, unscaled);
    }
    return frequencies;
  }
}
