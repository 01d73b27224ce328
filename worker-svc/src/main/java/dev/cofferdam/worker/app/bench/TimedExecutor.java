package dev.cofferdam.worker.app.bench;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import java.util.HashSet;
import java.util.Set;

/** Sums up what an executor takes. Does not close it. */
final class TimedExecutor implements ModelExecutor {
  private final ModelExecutor executor;
  private final Set<Integer> slots = new HashSet<>();
  long executeNs;
  long sealNs;

  TimedExecutor(ModelExecutor executor) {
    this.executor = executor;
  }

  @Override
  public ExecutorGeometry geometry() {
    return executor.geometry();
  }

  @Override
  public void execute(StepPlan plan, StepResult result) {
    long begun = System.nanoTime();
    executor.execute(plan, result);
    executeNs += System.nanoTime() - begun;
  }

  @Override
  public void zeroBlocks(int[] blockIds, int count) {
    executor.zeroBlocks(blockIds, count);
  }

  @Override
  public void sealBlock(int blockId, BlockKey key, long seal) {
    long begun = System.nanoTime();
    executor.sealBlock(blockId, key, seal);
    sealNs += System.nanoTime() - begun;
  }

  @Override
  public void endSealing() {
    long begun = System.nanoTime();
    executor.endSealing();
    sealNs += System.nanoTime() - begun;
  }

  @Override
  public boolean openBlock(int blockId, BlockKey key, long seal) {
    long begun = System.nanoTime();
    boolean whole = executor.openBlock(blockId, key, seal);
    sealNs += System.nanoTime() - begun;
    return whole;
  }

  @Override
  public byte[] exportBlock(int blockId, BlockKey key, long seal) {
    return executor.exportBlock(blockId, key, seal);
  }

  @Override
  public byte[] exportSealed(int blockId) {
    return executor.exportSealed(blockId);
  }

  @Override
  public boolean importBlock(int blockId, BlockKey key, long seal, byte[] exported) {
    return executor.importBlock(blockId, key, seal, exported);
  }

  @Override
  public long residueBytes(int blockId) {
    return executor.residueBytes(blockId);
  }

  @Override
  public int loadAdapter(LoraAdapter adapter) {
    int slot = executor.loadAdapter(adapter);
    slots.add(slot);
    return slot;
  }

  @Override
  public void unloadAdapter(int slot) {
    executor.unloadAdapter(slot);
    slots.remove(slot);
  }

  /** Forgets the adapters that were loaded through this and are still there. */
  void unloadAdapters() {
    slots.forEach(executor::unloadAdapter);
    slots.clear();
  }

  @Override
  public String kind() {
    return executor.kind();
  }

  @Override
  public void close() {}
}
