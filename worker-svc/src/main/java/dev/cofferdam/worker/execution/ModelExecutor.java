package dev.cofferdam.worker.execution;

import dev.cofferdam.worker.adapter.LoraAdapter;

/**
 * The port to the hardware: runs one step of a flat plan over a paged KV pool that it owns.
 *
 * <p>One thread, the step thread, calls every method but {@link #prepare}. Results are independent
 * of how rows are batched or chunked: the same tokens at the same positions give bitwise the same
 * logits, so that a continuation after preemption or on another worker is exact.
 */
public interface ModelExecutor extends BlockMemory, AutoCloseable {

  /** Shape of the loaded model and of the KV pool. */
  ExecutorGeometry geometry();

  /**
   * Computes one step: writes K and V of every row of {@code plan} into the blocks of its sequence,
   * samples one token for every sequence that asks for it, and adds up the hidden states of those
   * that want them. Blocks that {@link StepPlan#seal} calls sealed stay so: what is decrypted of
   * them is gone when it returns.
   *
   * @param plan what to run; not retained
   * @param result overwritten; allocated once by the caller with the capacities of the plan
   * @throws SealBrokenException when a sealed block is not what was sealed; nothing was sampled
   */
  void execute(StepPlan plan, StepResult result);

  /** Number of bytes of a block that are not zero; for residue scans and assertions. */
  long residueBytes(int blockId);

  /**
   * Does beforehand what {@link #loadAdapter} would hold up a step with. Any thread may call it; it
   * need not be called.
   *
   * @throws IllegalArgumentException when the adapter is one of another model, or too large
   */
  default void prepare(LoraAdapter adapter) {}

  /** Makes an adapter usable; returns its slot, at least 1. Slot 0 is the base model. */
  int loadAdapter(LoraAdapter adapter);

  /** Forgets an adapter. No running sequence may use it. */
  void unloadAdapter(int slot);

  /** "cpu", "reference" or "cuda". */
  String kind();

  @Override
  void close();
}
