package dev.cofferdam.worker.execution.cuda.driver;

import static dev.cofferdam.worker.execution.cuda.driver.DriverCalls.check;

import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;

/** A piece of device memory. */
public final class DeviceMemory implements AutoCloseable {
  /** Gives away what JCuda keeps to itself. */
  private static final class Address extends CUdeviceptr {
    Address(CUdeviceptr pointer) {
      super(pointer);
    }

    long value() {
      return getNativePointer();
    }
  }

  private final AtomicBoolean closed = new AtomicBoolean();
  private final CUdeviceptr pointer;
  private final long address;
  private final long bytes;

  DeviceMemory(CUdeviceptr pointer, long bytes) {
    this.pointer = pointer;
    this.address = new Address(pointer).value();
    this.bytes = bytes;
  }

  /** Where it begins, as kernels see it. */
  public long address() {
    return address;
  }

  /** Where a piece of it begins. */
  public long at(long offset, long length) {
    if (offset < 0 || length < 0 || offset > bytes - length) {
      throw new IndexOutOfBoundsException(
          offset + " + " + length + " of " + bytes + " bytes of device memory");
    }
    return address + offset;
  }

  /** Its size. */
  public long bytes() {
    return bytes;
  }

  /** Gives it back; what was secret in it must be zeroed before. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      check("cuMemFree", JCudaDriver.cuMemFree(pointer));
    }
  }
}
