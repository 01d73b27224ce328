package dev.cofferdam.worker.execution;

/** How an executor keeps the weights of projections. Activations and norms stay F32. */
public enum WeightType {
  /** As they are. */
  F32,
  /** Rounded to BF16; exact where the model is stored so. */
  BF16,
  /**
   * Eight bits and one scale for each output: a weight is at most 1/254 of its output's largest
   * weight off.
   */
  INT8
}
