package dev.cofferdam.worker.execution.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.TinyAdapter;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.Conversation;
import dev.cofferdam.worker.execution.DeviceLostError;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cuda.driver.CudaException;
import dev.cofferdam.worker.execution.cuda.driver.CudaUnavailableException;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.TinyModel;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every call of the driver fails once, at every place where it is made. */
class DriverFaultsTest {
  private static final int ILLEGAL_ADDRESS = 700;
  private static final int OUT_OF_MEMORY = 2;

  @TempDir Path folder;
  private ModelWeights model;
  private LoraAdapter adapter;

  @BeforeEach
  void load() {
    FakeDriver.assumeLoaded();
    SplittableRandom random = new SplittableRandom(1);
    model = TinyModel.llama().forDevice().write(folder, random);
    adapter = TinyAdapter.random(random).read(model.config(), random);
  }

  /** All that a worker does with a device, from opening to closing. */
  private void everything() {
    ExecutorOptions options =
        new ExecutorOptions(4, 16, 1, 2, 32).withWeights(WeightType.BF16).withSealedKv();
    try (CudaDevice device = CudaDevice.open(0);
        CudaExecutor executor = CudaExecutor.create(device, model, options)) {
      int slot = executor.loadAdapter(adapter);
      for (int round = 0; round < 3; round++) { // as it is, captured, replayed
        StepPlan plan = Conversation.plan(2, 32);
        new Conversation(new int[] {1, 2, 3}, new int[] {0}, slot).appendTo(plan, 3);
        executor.execute(plan, new StepResult(2));
      }
      executor.logits(0);
      executor.unloadAdapter(slot);
      BlockKey key = BlockKey.random(new SecureRandom());
      byte[] exported = executor.exportBlock(0, key, 1);
      executor.importBlock(1, key, 1, exported);
      executor.sealBlock(0, key, 2);
      executor.openBlock(0, key, 2);
      executor.zeroBlocks(new int[] {0, 1}, 2);
      executor.residueBytes(0);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {OUT_OF_MEMORY, ILLEGAL_ADDRESS})
  void anErrorOfAnyCallIsToldByItsNameAndLeavesNothingBehind(int code) {
    everything();
    long calls = FakeDriver.calls();
    assertThat(calls).isGreaterThan(100);
    assertThat(FakeDriver.live()).isZero();
    Set<String> failed = new TreeSet<>();
    for (long call = 1; call <= calls; call++) {
      FakeDriver.reset();
      FakeDriver.fail(call, code);
      assertThatThrownBy(this::everything)
          .as("call %s", call)
          .isInstanceOfAny(CudaException.class, DeviceLostError.class)
          .hasMessageContaining(FakeDriver.failed());
      failed.add(FakeDriver.failed());
      // What cannot be given back is the driver's to clear away, with the process.
      boolean givingBack = FakeDriver.failed().matches(".*(Free|Destroy|Unload|Release).*");
      assertThat(FakeDriver.live())
          .as("left behind after call %s, %s", call, FakeDriver.failed())
          .isLessThanOrEqualTo(givingBack ? 1 : 0);
      assertThat(FakeDriver.misuse()).as(FakeDriver.failed()).isEmpty();
    }
    assertThat(failed).hasSizeGreaterThan(20);
  }

  @Test
  void noDeviceIsSaidPlainly() {
    FakeDriver.devices(0);
    assertThatThrownBy(() -> CudaDevice.open(0))
        .isInstanceOf(CudaUnavailableException.class)
        .hasMessageContaining("CUDA_VISIBLE_DEVICES");
  }

  @Test
  void aDeviceThatThereIsNotIsSaidPlainly() {
    assertThatThrownBy(() -> CudaDevice.open(3))
        .isInstanceOf(CudaUnavailableException.class)
        .hasMessage("device 3 (expected: 0 to 0)");
  }
}
