package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.model.ModelConfig;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * Made-up steps of all shapes, until the JIT has compiled the kernels: before that, vector code is
 * interpreted, and a hundred times slower.
 */
final class WarmUp {
  /**
   * Fewest and most steps; large models need few, since each of their steps calls the kernels
   * often.
   */
  private static final int STEPS_MIN = 8;

  private static final int STEPS_MAX = 160;
  private static final long PARAMETERS_TIMES_STEPS = 2_000_000_000L;

  /**
   * After this long the rest is left to the first requests: on a busy machine, readiness counts
   * more.
   */
  private static final long NANOS_MAX = 15_000_000_000L;

  /**
   * A step that takes longer is interpreted, very likely: the compiler gets the processor for a
   * while instead of the next such step.
   */
  private static final long SLOW_NANOS = 30_000_000;

  private static final long COMPILE_NANOS = 60_000_000;

  private static final int PROMPT_ROWS = 16;
  private static final int BATCH = 7;

  /** Weights of the adapters: the first is exact in BF16, the other is not. */
  private static final float[] VALUES = {0, 1e-3f};

  private final CpuExecutor executor;
  private final ModelConfig model;
  private final ExecutorOptions options;
  private final StepPlan plan;
  private final StepResult result;

  /** The base model's slot and the adapters'. */
  private final int[] slots = new int[1 + VALUES.length];

  WarmUp(CpuExecutor executor, ModelConfig model, ExecutorOptions options) {
    this.executor = executor;
    this.model = model;
    this.options = options;
    this.plan = new StepPlan(options.sequencesMax(), options.rowsMax(), options.blocks());
    this.result = new StepResult(options.sequencesMax());
  }

  /** Runs the steps and leaves neither adapter nor residue. */
  void run() {
    int adapters = Math.min(options.adapterSlots(), VALUES.length);
    for (int i = 0; i < adapters; i++) {
      slots[i + 1] = executor.loadAdapter(adapter(VALUES[i]));
    }
    for (int i = 0; i < options.blocks(); i++) {
      plan.blockTable[i] = i;
    }
    long steps = Math.clamp(PARAMETERS_TIMES_STEPS / model.parameters(), STEPS_MIN, STEPS_MAX);
    long begun = System.nanoTime();
    for (int step = 0; step < steps && mayGoOn(step, begun); step++) {
      fill(step, adapters + 1);
      long stepBegun = System.nanoTime();
      executor.execute(plan, result);
      if (System.nanoTime() - stepBegun > SLOW_NANOS) {
        LockSupport.parkNanos(COMPILE_NANOS);
      }
    }
    executor.zeroBlocks(plan.blockTable, options.blocks());
    for (int i = 0; i < adapters; i++) {
      executor.unloadAdapter(slots[i + 1]);
    }
  }

  private static boolean mayGoOn(int step, long begun) {
    return step < STEPS_MIN || System.nanoTime() - begun < NANOS_MAX;
  }

  /** Prompts and batches of all sizes in turn, single tokens first. */
  private void fill(int step, int choices) {
    begin();
    if (step % 4 == 3) {
      append(
          Math.min(PROMPT_ROWS, Math.min(options.rowsMax(), executor.geometry().positionsMax())),
          0,
          slots[step / 4 % choices]);
      return;
    }
    int batch = Math.min(1 + step / 4 % BATCH, Math.min(options.sequencesMax(), options.blocks()));
    for (int s = 0; s < batch; s++) {
      append(1, step % 2, slots[(step + s) % choices]);
    }
  }

  private void begin() {
    plan.sequences = 0;
    plan.rows = 0;
  }

  private void append(int rows, int temperature, int slot) {
    int s = plan.sequences++;
    plan.rowStart[s] = plan.rows;
    plan.blockStart[s] = s;
    plan.adapterSlot[s] = slot;
    plan.sample[s] = true;
    plan.temperature[s] = temperature;
    plan.topP[s] = s % 2 == 0 ? 1 : 0.9f;
    plan.topLogprobs[s] = Math.min(model.vocabularySize(), 1);
    for (int position = 0; position < rows; position++) {
      plan.positions[plan.rows] = position;
      plan.tokenIds[plan.rows] = plan.rows % model.vocabularySize();
      plan.rows++;
    }
    plan.rowStart[s + 1] = plan.rows;
  }

  private LoraAdapter adapter(float value) {
    Map<LoraTarget, LoraAdapter.Module> modules = new EnumMap<>(LoraTarget.class);
    for (LoraTarget target : LoraTarget.values()) {
      modules.put(
          target,
          new LoraAdapter.Module(
              filled(target.inputs(model), value), filled(target.outputs(model), value)));
    }
    return new LoraAdapter("warm-up", "0", 1, 1, Collections.nCopies(model.layers(), modules));
  }

  private static float[] filled(int count, float value) {
    float[] values = new float[count];
    Arrays.fill(values, value);
    return values;
  }
}
