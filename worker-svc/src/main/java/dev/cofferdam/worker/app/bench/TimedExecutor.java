package dev.cofferdam.worker.app.bench;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;

/** Sums up what an executor takes. Does not close it. */
final class TimedExecutor implements ModelExecutor {
  private final ModelExecutor executor;
  long executeNs;

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
  public long residueBytes(int blockId) {
    return executor.residueBytes(blockId);
  }

  @Override
  public int loadAdapter(LoraAdapter adapter) {
    return executor.loadAdapter(adapter);
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
  public void close() {}
}
