package dev.cofferdam.worker.execution.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests on a driver's double, which has to be left as it was found. */
abstract class OnFakeDevice {
  @TempDir Path folder;
  CudaDevice device;

  @BeforeEach
  void open() {
    FakeDriver.assumeLoaded();
    device = CudaDevice.open(0);
  }

  @AfterEach
  void close() {
    if (device != null) {
      device.close();
      assertThat(FakeDriver.misuse()).isEmpty();
      assertThat(FakeDriver.live()).isZero();
    }
  }
}
