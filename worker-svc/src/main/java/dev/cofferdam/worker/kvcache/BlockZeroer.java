package dev.cofferdam.worker.kvcache;

/** Fills blocks of the KV pool with zeros, in every layer, before it returns. */
@FunctionalInterface
public interface BlockZeroer {

  /** Zeroes the first {@code count} of the given blocks. */
  void zero(int[] blockIds, int count);
}
