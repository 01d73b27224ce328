package dev.cofferdam.worker.execution.cuda;

import dev.cofferdam.worker.execution.cuda.driver.Context;
import dev.cofferdam.worker.execution.cuda.driver.Cuda;
import dev.cofferdam.worker.execution.cuda.driver.CudaUnavailableException;
import dev.cofferdam.worker.execution.cuda.driver.Device;
import dev.cofferdam.worker.execution.cuda.driver.DeviceMemory;
import dev.cofferdam.worker.execution.cuda.driver.Kernel;
import dev.cofferdam.worker.execution.cuda.driver.KernelModule;
import dev.cofferdam.worker.execution.cuda.driver.Stream;
import dev.cofferdam.worker.execution.cuda.driver.Timer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The device that a worker computes on, with its kernels loaded. The models of a worker share it;
 * their steps take turns on its one stream.
 */
public final class CudaDevice implements AutoCloseable {
  /** Oldest compute capability that there are kernels for: Ampere. */
  private static final int MAJOR_MIN = 8;

  private static final String BINARY = "kernels.fatbin";

  private final Map<String, Kernel> kernels = new ConcurrentHashMap<>();
  private final Context context;
  private final KernelModule module;
  private final Stream stream;

  private CudaDevice(Device device) {
    context = new Context(device);
    KernelModule loaded = null;
    try {
      loaded = new KernelModule(binary());
      module = loaded;
      stream = new Stream();
    } catch (RuntimeException e) {
      if (loaded != null) {
        loaded.close();
      }
      context.close();
      throw e;
    }
  }

  /**
   * Takes hold of a device.
   *
   * @param ordinal its number among those that this process sees
   * @throws CudaUnavailableException when there is no such device, or it is too old
   * @throws dev.cofferdam.worker.execution.cuda.driver.CudaException when the driver fails
   */
  public static CudaDevice open(int ordinal) {
    List<Device> devices = Cuda.devices();
    if (ordinal < 0 || ordinal >= devices.size()) {
      throw new CudaUnavailableException(
          "device " + ordinal + " (expected: 0 to " + (devices.size() - 1) + ")");
    }
    Device device = devices.get(ordinal);
    if (device.major() < MAJOR_MIN) {
      throw new CudaUnavailableException(
          device.name()
              + " has compute capability "
              + device.major()
              + "."
              + device.minor()
              + " (expected: at least "
              + MAJOR_MIN
              + ".0)");
    }
    return new CudaDevice(device);
  }

  private static byte[] binary() {
    try (InputStream resource = CudaDevice.class.getResourceAsStream(BINARY)) {
      if (resource == null) {
        throw new IllegalStateException("the kernels' binary is not in the jar");
      }
      return resource.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What it is. */
  public Device device() {
    return context.device();
  }

  /** Seconds that the device works at what is asked of it. Waits. */
  public double seconds(Runnable work) {
    context.enter();
    try (Timer timer = new Timer(stream)) {
      return timer.seconds(work);
    }
  }

  /** Copies one half of so much device memory to the other, so many times. Waits. */
  public double copySeconds(long bytes, int times) {
    context.enter();
    long half = bytes / 2;
    try (DeviceMemory memory = context.allocate(bytes)) {
      return seconds(
          () -> {
            for (int i = 0; i < times; i++) {
              stream.copy(memory.at(half, half), memory.at(0, half), half);
            }
          });
    }
  }

  Context context() {
    return context;
  }

  Stream stream() {
    return stream;
  }

  /** A kernel that is launched with at most so much dynamic shared memory. */
  Kernel kernel(String name, int sharedBytes) {
    return kernels.computeIfAbsent(name, n -> module.kernel(n, sharedBytes));
  }

  Kernel kernel(String name) {
    return kernel(name, 0);
  }

  @Override
  public void close() {
    context.enter();
    try (context;
        module) {
      stream.close();
    }
  }
}
