package dev.cofferdam.worker.execution;

/** What a worker computes on. All workers of a pool should have the same. */
public enum ExecutorChoice {
  /** The processor. */
  CPU,
  /** An NVIDIA device, or a refusal that says what is missing. */
  CUDA,
  /** A device where there is one that can be used, else the processor. */
  AUTO
}
