package dev.cofferdam.worker.execution;

/** Which kernels compute a model's products. All workers of a pool should run the same. */
public enum KernelChoice {
  /** The native ones where the library is there and the processor has what they need; else Java. */
  AUTO,
  /** Java's, which need nothing. */
  JAVA,
  /** The native ones, or a refusal that says what is missing. */
  NATIVE
}
