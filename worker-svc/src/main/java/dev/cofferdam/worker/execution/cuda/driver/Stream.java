package dev.cofferdam.worker.execution.cuda.driver;

import static dev.cofferdam.worker.execution.cuda.driver.DriverCalls.check;
import static dev.cofferdam.worker.execution.cuda.driver.DriverCalls.unexpected;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A queue of work for the device, done in its order. One thread at a time, in whose context it was
 * made. All methods but {@link #synchronize} return before the work is done; an error of it may be
 * told by any later call.
 */
public final class Stream implements AutoCloseable {
  private static final int NON_BLOCKING = 1;
  private static final int CAPTURE_OF_THREAD = 1;

  private final AtomicBoolean closed = new AtomicBoolean();
  private final long handle;

  /**
   * Makes one; a context must be entered.
   *
   * @throws CudaException when the driver fails
   */
  public Stream() {
    handle =
        DriverCalls.create(
            "cuStreamCreate",
            pointer -> (int) DriverCalls.STREAM_CREATE.invokeExact(pointer, NON_BLOCKING));
  }

  long handle() {
    return handle;
  }

  /**
   * Runs a kernel.
   *
   * @param gridX thread blocks, as {@code gridY} and {@code gridZ}
   * @param threads of each thread block
   * @param sharedBytes dynamic shared memory of each
   */
  public void launch(
      Kernel kernel,
      int gridX,
      int gridY,
      int gridZ,
      int threads,
      int sharedBytes,
      Arguments arguments) {
    try {
      int code =
          (int)
              DriverCalls.LAUNCH_KERNEL.invokeExact(
                  kernel.handle(),
                  gridX,
                  gridY,
                  gridZ,
                  threads,
                  1,
                  1,
                  sharedBytes,
                  handle,
                  arguments.pointers(),
                  MemorySegment.NULL);
      if (code != 0) {
        check("cuLaunchKernel " + kernel.name(), code);
      }
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Copies to the device; the source must stay as it is until the work is done. */
  public void copyIn(long to, MemorySegment from, long bytes) {
    try {
      check(
          "cuMemcpyHtoDAsync",
          (int) DriverCalls.COPY_IN.invokeExact(to, from.asSlice(0, bytes), bytes, handle));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Copies from the device. */
  public void copyOut(MemorySegment to, long from, long bytes) {
    try {
      check(
          "cuMemcpyDtoHAsync",
          (int) DriverCalls.COPY_OUT.invokeExact(to.asSlice(0, bytes), from, bytes, handle));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Copies within the device. */
  public void copy(long to, long from, long bytes) {
    try {
      check("cuMemcpyDtoDAsync", (int) DriverCalls.COPY.invokeExact(to, from, bytes, handle));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Fills device memory with zeros. */
  public void zero(long at, long bytes) {
    try {
      check("cuMemsetD8Async", (int) DriverCalls.FILL.invokeExact(at, (byte) 0, bytes, handle));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Waits until everything is done.
   *
   * @throws CudaException when any of it failed
   */
  public void synchronize() {
    try {
      check("cuStreamSynchronize", (int) DriverCalls.STREAM_SYNCHRONIZE.invokeExact(handle));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Takes what {@code work} asks of this stream down into a graph, instead of doing it. */
  public Graph capture(Runnable work) {
    try {
      check(
          "cuStreamBeginCapture",
          (int) DriverCalls.BEGIN_CAPTURE.invokeExact(handle, CAPTURE_OF_THREAD));
    } catch (Throwable e) {
      throw unexpected(e);
    }
    try {
      work.run();
    } catch (RuntimeException e) {
      Graph.destroy(endCapture());
      throw e;
    }
    return new Graph(endCapture());
  }

  private long endCapture() {
    return DriverCalls.create(
        "cuStreamEndCapture",
        pointer -> (int) DriverCalls.END_CAPTURE.invokeExact(handle, pointer));
  }

  /** Does what a graph holds. */
  public void launch(Graph graph) {
    try {
      check("cuGraphLaunch", (int) DriverCalls.GRAPH_LAUNCH.invokeExact(graph.handle(), handle));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      try {
        check("cuStreamDestroy", (int) DriverCalls.STREAM_DESTROY.invokeExact(handle));
      } catch (Throwable e) {
        throw unexpected(e);
      }
    }
  }
}
