package dev.cofferdam.worker.execution.cuda;

/**
 * What the launches of a step look like: counts rounded up to powers of two, so that few shapes
 * serve all steps. Everything else that changes from step to step is read from device memory.
 *
 * @param rows of the step
 * @param samples sequences that a token is sampled for; 0: none
 * @param smallTiles tiles of attention with few rows
 * @param largeTiles tiles of attention with many rows
 * @param splits parts that the longest context of small tiles is cut into, to be merged; 1: none
 * @param segments of rows with the same adapter; 0: only the base model
 * @param opened sealed blocks that are opened; 0: none
 * @param penalties whether a sequence has some
 * @param logprobs whether a sequence wants log-probabilities
 * @param states whether hidden states are wanted
 */
record StepShape(
    int rows,
    int samples,
    int smallTiles,
    int largeTiles,
    int splits,
    int segments,
    int opened,
    boolean penalties,
    boolean logprobs,
    boolean states) {}
