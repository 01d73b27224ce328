package dev.cofferdam.verification.shares;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;

/** A machine that has KV blocks, and computes nothing: how long a step takes is its caller's. */
final class TimedExecutor implements ModelExecutor {
  static final ExecutorGeometry GEOMETRY = new ExecutorGeometry(2, 1, 1_024, 8_192, 16, 1_024, 1);

  @Override
  public ExecutorGeometry geometry() {
    return GEOMETRY;
  }

  @Override
  public void execute(StepPlan plan, StepResult result) {}

  @Override
  public void zeroBlocks(int[] blockIds, int count) {}

  @Override
  public long residueBytes(int blockId) {
    return 0;
  }

  @Override
  public int loadAdapter(LoraAdapter adapter) {
    throw new UnsupportedOperationException("no adapters");
  }

  @Override
  public void unloadAdapter(int slot) {
    throw new UnsupportedOperationException("no adapters");
  }

  @Override
  public void sealBlock(int blockId, BlockKey key, long seal) {
    throw new UnsupportedOperationException("nothing is sealed");
  }

  @Override
  public boolean openBlock(int blockId, BlockKey key, long seal) {
    throw new UnsupportedOperationException("nothing is sealed");
  }

  @Override
  public byte[] exportBlock(int blockId, BlockKey key, long seal) {
    throw new UnsupportedOperationException("nothing is swapped");
  }

  @Override
  public byte[] exportSealed(int blockId) {
    throw new UnsupportedOperationException("nothing is swapped");
  }

  @Override
  public boolean importBlock(int blockId, BlockKey key, long seal, byte[] exported) {
    throw new UnsupportedOperationException("nothing is swapped");
  }

  @Override
  public String kind() {
    return "timed";
  }

  @Override
  public void close() {}
}
