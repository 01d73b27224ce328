package dev.cofferdam.worker.execution.cuda.driver;

import static dev.cofferdam.worker.execution.cuda.driver.DriverCalls.check;
import static dev.cofferdam.worker.execution.cuda.driver.DriverCalls.unexpected;

import java.util.concurrent.atomic.AtomicBoolean;

/** Work that was taken down once and is launched as a whole, at the cost of one call. */
public final class Graph implements AutoCloseable {
  private final AtomicBoolean closed = new AtomicBoolean();
  private final long handle;

  /** Makes a captured graph ready to be launched; it is the driver's afterwards. */
  Graph(long captured) {
    try {
      handle =
          DriverCalls.create(
              "cuGraphInstantiate",
              pointer -> (int) DriverCalls.GRAPH_INSTANTIATE.invokeExact(pointer, captured, 0L));
    } catch (RuntimeException e) {
      destroy(captured);
      throw e;
    }
    try {
      destroy(captured);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Gives a captured graph back. */
  static void destroy(long captured) {
    try {
      check("cuGraphDestroy", (int) DriverCalls.GRAPH_DESTROY.invokeExact(captured));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  long handle() {
    return handle;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      try {
        check("cuGraphExecDestroy", (int) DriverCalls.GRAPH_EXEC_DESTROY.invokeExact(handle));
      } catch (Throwable e) {
        throw unexpected(e);
      }
    }
  }
}
