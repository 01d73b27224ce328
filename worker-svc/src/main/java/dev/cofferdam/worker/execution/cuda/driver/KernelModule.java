package dev.cofferdam.worker.execution.cuda.driver;

import static dev.cofferdam.worker.execution.cuda.driver.DriverCalls.check;

import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/** A loaded binary of kernels. */
public final class KernelModule implements AutoCloseable {
  /** Gives away what JCuda keeps to itself. */
  private static final class Handle extends CUfunction {
    long value() {
      return getNativePointer();
    }
  }

  private static final int SHARED_BYTES_ALWAYS = 48 << 10;

  private final AtomicBoolean closed = new AtomicBoolean();
  private final CUmodule module = new CUmodule();

  /**
   * Loads a fat binary; a context must be entered.
   *
   * @throws CudaException when it has no code for the device, or the driver fails
   */
  public KernelModule(byte[] binary) {
    check("cuModuleLoadData", JCudaDriver.cuModuleLoadData(module, binary));
  }

  /**
   * A kernel by its name.
   *
   * @param sharedBytes dynamic shared memory that it is launched with at most
   * @throws CudaException when there is none of that name, or the driver fails
   */
  public Kernel kernel(String name, int sharedBytes) {
    Handle handle = new Handle();
    check("cuModuleGetFunction " + name, JCudaDriver.cuModuleGetFunction(handle, module, name));
    if (sharedBytes > SHARED_BYTES_ALWAYS) {
      check(
          "cuFuncSetAttribute " + name,
          JCudaDriver.cuFuncSetAttribute(
              handle,
              CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
              sharedBytes));
    }
    return new Kernel(name, handle.value());
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      check("cuModuleUnload", JCudaDriver.cuModuleUnload(module));
    }
  }
}
