package dev.cofferdam.worker.execution.cuda.driver;

import static dev.cofferdam.worker.execution.cuda.driver.DriverCalls.check;

import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * A device's primary context: memory, modules and streams belong to it. Any thread may use it after
 * it called {@link #enter}. Whatever was made in it must be closed before it is.
 */
public final class Context implements AutoCloseable {
  private final ThreadLocal<@Nullable Boolean> entered = new ThreadLocal<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Device device;
  private final CUdevice handle;
  private final CUcontext context = new CUcontext();

  /**
   * Takes hold of a device, and enters the context.
   *
   * @throws CudaException when the driver fails
   */
  public Context(Device device) {
    this.device = device;
    handle = Cuda.handle(device.ordinal());
    check("cuDevicePrimaryCtxRetain", JCudaDriver.cuDevicePrimaryCtxRetain(context, handle));
    try {
      enter();
    } catch (CudaException e) {
      close();
      throw e;
    }
  }

  /** Its device. */
  public Device device() {
    return device;
  }

  /**
   * Makes it the calling thread's context; costs nothing the second time.
   *
   * @throws CudaException when the driver fails
   */
  public void enter() {
    if (entered.get() == null) {
      check("cuCtxSetCurrent", JCudaDriver.cuCtxSetCurrent(context));
      entered.set(Boolean.TRUE);
    }
  }

  /** Bytes of device memory that nobody has. */
  public long freeBytes() {
    long[] free = new long[1];
    long[] total = new long[1];
    check("cuMemGetInfo", JCudaDriver.cuMemGetInfo(free, total));
    return free[0];
  }

  /**
   * Device memory; what is in it is of no meaning.
   *
   * @throws CudaException when there is too little, or the driver fails
   */
  public DeviceMemory allocate(long bytes) {
    CUdeviceptr pointer = new CUdeviceptr();
    check("cuMemAlloc", JCudaDriver.cuMemAlloc(pointer, Math.max(1, bytes)));
    return new DeviceMemory(pointer, bytes);
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      check("cuDevicePrimaryCtxRelease", JCudaDriver.cuDevicePrimaryCtxRelease(handle));
    }
  }
}
