package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.model.ModelWeights;

/** Runs steps on the CPU. */
public final class CpuExecutor implements ModelExecutor {
  private final ExecutorGeometry geometry;

  private CpuExecutor(ExecutorGeometry geometry) {
    this.geometry = geometry;
  }

  /** Builds an executor for a model. */
  public static CpuExecutor create(ModelWeights model, ExecutorOptions options) {
    return new CpuExecutor(ExecutorGeometry.of(model.config(), options, Float.BYTES));
  }

  @Override
  public ExecutorGeometry geometry() {
    return geometry;
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
    return 1;
  }

  @Override
  public void unloadAdapter(int slot) {}

  @Override
  public String kind() {
    return "cpu";
  }

  @Override
  public void close() {}
}
