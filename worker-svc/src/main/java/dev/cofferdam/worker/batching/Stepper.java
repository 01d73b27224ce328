package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.SealBrokenException;
import java.util.function.LongSupplier;

/** One turn of the rhythm: plan, execute, settle, scrub, report. */
public final class Stepper {
  private final Batch batch;
  private final ModelExecutor executor;
  private final LongSupplier nanoTime;
  private final StepFailures failures;

  /** Told of the reason of a failed step. */
  @FunctionalInterface
  public interface StepFailures {
    /** What the executor threw; may hold no content in its message. */
    void failed(Throwable reason);
  }

  /**
   * @param nanoTime the clock, in nanoseconds
   * @param failures told of what the executor threw
   */
  public Stepper(
      Batch batch, ModelExecutor executor, LongSupplier nanoTime, StepFailures failures) {
    this.batch = batch;
    this.executor = executor;
    this.nanoTime = nanoTime;
    this.failures = failures;
  }

  /**
   * Runs a step.
   *
   * @return whether there was anything to run
   */
  public boolean step() {
    long begun = nanoTime.getAsLong();
    boolean runs = batch.plan(begun);
    if (runs) {
      execute(begun);
    }
    long settled = nanoTime.getAsLong();
    batch.scrub();
    long scrubbed = nanoTime.getAsLong();
    batch.report(scrubbed - settled, scrubbed);
    return runs;
  }

  private void execute(long begun) {
    try {
      executor.execute(batch.stepPlan(), batch.stepResult());
    } catch (RuntimeException | OutOfMemoryError | AssertionError e) {
      long now = nanoTime.getAsLong();
      if (e instanceof SealBrokenException) {
        batch.sealBroken(now - begun, now);
      } else {
        batch.stepFailed(now - begun, now);
      }
      failures.failed(e);
      return;
    }
    long now = nanoTime.getAsLong();
    batch.settle(now - begun, now);
  }
}
