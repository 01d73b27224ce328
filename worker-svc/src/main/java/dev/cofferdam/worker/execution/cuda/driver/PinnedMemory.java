package dev.cofferdam.worker.execution.cuda.driver;

import static dev.cofferdam.worker.execution.cuda.driver.DriverCalls.check;
import static dev.cofferdam.worker.execution.cuda.driver.DriverCalls.unexpected;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/** Host memory that the device copies from and to by itself. Zero at first. */
public final class PinnedMemory implements AutoCloseable {
  private final AtomicBoolean closed = new AtomicBoolean();
  private final MemorySegment segment;

  /**
   * Asks for it; a context must be entered.
   *
   * @throws CudaException when there is too little, or the driver fails
   */
  public PinnedMemory(long bytes) {
    long address =
        DriverCalls.create(
            "cuMemHostAlloc",
            handle -> (int) DriverCalls.HOST_ALLOCATE.invokeExact(handle, Math.max(1, bytes), 0));
    segment = MemorySegment.ofAddress(address).reinterpret(bytes);
    segment.fill((byte) 0);
  }

  /** The memory. Not to be touched once this is closed. */
  public MemorySegment segment() {
    return segment;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      try {
        check("cuMemFreeHost", (int) DriverCalls.HOST_FREE.invokeExact(segment));
      } catch (Throwable e) {
        throw unexpected(e);
      }
    }
  }
}
