package dev.cofferdam.worker.app.bench;

import com.sun.management.ThreadMXBean;
import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cpu.CpuExecutor;
import java.lang.management.ManagementFactory;

/**
 * What a step costs beside its kernels, what it allocates, and what is left of decode when another
 * thread keeps one processor busy.
 */
final class StepSection implements BenchSection {
  private static final int BATCH = 16;
  private static final int PROMPT = 16;
  private static final int STEPS = 12;
  private static final int DECODE_TOKENS = 24;

  private final CpuExecutor executor = WeightsSection.executor(WeightType.BF16, KernelChoice.JAVA);
  private final ThreadMXBean threads = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
  private volatile boolean busy;

  @Override
  public String name() {
    return "steps";
  }

  @Override
  public void prepare() {
    executor.warmUp();
  }

  @Override
  public void round(Samples samples) {
    steps(samples);
    double alone = BenchBatch.decodeRate(executor, 1, PROMPT, DECODE_TOKENS);
    busy = true;
    Thread foreign = Thread.ofPlatform().daemon().start(this::keepBusy);
    double loaded = BenchBatch.decodeRate(executor, 1, PROMPT, DECODE_TOKENS);
    busy = false;
    join(foreign);
    samples.add("loaded_decode_ratio", loaded / alone, "ratio", 1);
  }

  /** Steps in mid-stream: no sequence starts or ends in them. */
  private void steps(Samples samples) {
    BenchBatch batch = new BenchBatch(executor, BATCH, 256, 256);
    for (int i = 0; i < BATCH; i++) {
      batch.add(PROMPT, STEPS + 8);
    }
    batch.prefill(BATCH);
    batch.step();
    long executedBefore = batch.executeNs();
    long allocatedBefore = threads.getCurrentThreadAllocatedBytes();
    long begun = System.nanoTime();
    for (int i = 0; i < STEPS; i++) {
      batch.step();
    }
    double overheadNs = System.nanoTime() - begun - (batch.executeNs() - executedBefore);
    double allocated = threads.getCurrentThreadAllocatedBytes() - allocatedBefore;
    samples.add("step_overhead_us", overheadNs / STEPS / 1e3, "us", 50);
    samples.add("step_alloc_bytes", allocated / STEPS, "bytes", 1);
    batch.finish();
  }

  private void keepBusy() {
    while (busy) {
      Thread.onSpinWait();
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    executor.close();
  }
}
