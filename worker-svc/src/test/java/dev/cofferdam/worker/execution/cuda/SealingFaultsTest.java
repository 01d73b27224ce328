package dev.cofferdam.worker.execution.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.Conversation;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cuda.driver.CudaException;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.TinyModel;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Blocks whose sealing or opening the driver breaks off, at every call once. */
class SealingFaultsTest extends OnFakeDevice {
  private static final int OUT_OF_MEMORY = 2;
  private static final ExecutorOptions OPTIONS =
      new ExecutorOptions(2, 16, 0, 1, 32).withWeights(WeightType.BF16);

  private final BlockKey key = BlockKey.random(new SecureRandom());
  private ModelWeights model;

  /** What a worker does with a block that is full. */
  private interface Deed {
    void with(CudaExecutor executor);
  }

  @BeforeEach
  void write() {
    model = TinyModel.llama().forDevice().write(folder, new SplittableRandom(3));
  }

  private CudaExecutor executorWithFullBlock() {
    CudaExecutor executor = CudaExecutor.create(device, model, OPTIONS);
    StepPlan plan = Conversation.plan(1, 32);
    int[] tokens = new int[17];
    Arrays.setAll(tokens, i -> 1 + i);
    new Conversation(tokens, new int[] {0, 1}, 0).appendTo(plan, 17);
    executor.execute(plan, new StepResult(1));
    return executor;
  }

  /** Content of block 0 as it lies in the pool. */
  private static byte[] raw(CudaExecutor executor, int bytes) {
    return Arrays.copyOf(executor.exportSealed(0), bytes);
  }

  /**
   * After the failure of each of its calls a block is open as it was, or sealed, or zero; and
   * remains so when the next block is sealed.
   */
  private Set<String> failEachCallOf(Deed before, Deed deed, boolean sealed) {
    try (CudaExecutor executor = executorWithFullBlock()) { // finds the kernels
      before.with(executor);
      deed.with(executor);
    }
    Set<String> failed = new TreeSet<>();
    for (long call = 1; !failed.contains(""); call++) {
      try (CudaExecutor executor = executorWithFullBlock()) {
        int bytes = Math.toIntExact(OPTIONS.kv().blockBytes(model.config(), 16));
        byte[] plain = raw(executor, bytes);
        before.with(executor);
        byte[] was = raw(executor, bytes);
        FakeDriver.fail(call, OUT_OF_MEMORY);
        boolean broke = false;
        try {
          deed.with(executor);
        } catch (CudaException e) {
          broke = true;
        }
        failed.add(FakeDriver.failed());
        FakeDriver.fail(0, 0);
        for (int i = 0; i < 2; i++) {
          byte[] now = raw(executor, bytes);
          if (broke) {
            boolean zero = executor.residueBytes(0) == 0;
            assertThat(zero || (Arrays.equals(now, was) && !Arrays.equals(now, plain)))
                .as("after call %s, %s", call, FakeDriver.failed())
                .isTrue();
          } else {
            assertThat(Arrays.equals(now, plain)).isEqualTo(!sealed);
          }
          executor.sealBlock(1, key, 100 + i);
          executor.endSealing();
        }
      }
    }
    failed.remove("");
    return failed;
  }

  @Test
  void sealing() {
    assertThat(
            failEachCallOf(
                executor -> {},
                executor -> {
                  executor.sealBlock(0, key, 1);
                  executor.endSealing();
                },
                true))
        .contains("cuLaunchKernel", "cuMemcpyHtoDAsync", "cuMemsetD8Async", "cuStreamSynchronize");
  }

  @Test
  void opening() {
    assertThat(
            failEachCallOf(
                executor -> {
                  executor.sealBlock(0, key, 1);
                  executor.endSealing();
                },
                executor -> executor.openBlock(0, key, 1),
                false))
        .contains("cuLaunchKernel", "cuMemcpyDtoHAsync", "cuStreamSynchronize");
  }

  @Test
  void whatWasGivenUpOpensNoMore() {
    try (CudaExecutor executor = executorWithFullBlock()) {
      FakeDriver.fail(3, OUT_OF_MEMORY);
      executor.sealBlock(0, key, 1);
      assertThatCode(executor::endSealing).isInstanceOf(CudaException.class);
      FakeDriver.fail(0, 0);
      assertThat(executor.openBlock(0, key, 1)).isFalse();
    }
  }
}
