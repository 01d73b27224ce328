package dev.cofferdam.worker.app;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * An executor that counts what the walls between tenants take of the step thread's time. What steps
 * decrypt on their way is part of the steps, and not counted.
 */
final class MeteredExecutor implements ModelExecutor {

  /** Nanoseconds by mechanism, of all models that were ever in memory. */
  static final class Overhead {
    final LongAdder zeroingNs = new LongAdder();
    final LongAdder encryptionNs = new LongAdder();
    final LongAdder adaptersNs = new LongAdder();
  }

  private final ModelExecutor executor;
  private final Overhead overhead;
  private final LongSupplier nanoTime;

  MeteredExecutor(ModelExecutor executor, Overhead overhead, LongSupplier nanoTime) {
    this.executor = executor;
    this.overhead = overhead;
    this.nanoTime = nanoTime;
  }

  private void count(LongAdder mechanism, long begunNs) {
    mechanism.add(nanoTime.getAsLong() - begunNs);
  }

  @Override
  public ExecutorGeometry geometry() {
    return executor.geometry();
  }

  @Override
  public void execute(StepPlan plan, StepResult result) {
    executor.execute(plan, result);
  }

  @Override
  public void zeroBlocks(int[] blockIds, int count) {
    long begun = nanoTime.getAsLong();
    executor.zeroBlocks(blockIds, count);
    count(overhead.zeroingNs, begun);
  }

  @Override
  public void sealBlock(int blockId, BlockKey key, long seal) {
    long begun = nanoTime.getAsLong();
    executor.sealBlock(blockId, key, seal);
    count(overhead.encryptionNs, begun);
  }

  @Override
  public void endSealing() {
    long begun = nanoTime.getAsLong();
    executor.endSealing();
    count(overhead.encryptionNs, begun);
  }

  @Override
  public boolean openBlock(int blockId, BlockKey key, long seal) {
    long begun = nanoTime.getAsLong();
    boolean whole = executor.openBlock(blockId, key, seal);
    count(overhead.encryptionNs, begun);
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
  public void prepare(LoraAdapter adapter) {
    executor.prepare(adapter);
  }

  @Override
  public int loadAdapter(LoraAdapter adapter) {
    long begun = nanoTime.getAsLong();
    int slot = executor.loadAdapter(adapter);
    count(overhead.adaptersNs, begun);
    return slot;
  }

  @Override
  public void unloadAdapter(int slot) {
    executor.unloadAdapter(slot);
  }

  @Override
  public String kind() {
    return executor.kind();
  }

  @Override
  public void close() {
    executor.close();
  }
}
