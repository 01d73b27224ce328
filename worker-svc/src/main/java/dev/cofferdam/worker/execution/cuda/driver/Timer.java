package dev.cofferdam.worker.execution.cuda.driver;

import static dev.cofferdam.worker.execution.cuda.driver.DriverCalls.check;
import static dev.cofferdam.worker.execution.cuda.driver.DriverCalls.unexpected;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Measures, on the device, how long a stream's work takes. */
public final class Timer implements AutoCloseable {
  private final long begin = event();
  private final long end = event();
  private final Stream stream;

  /** For the work of a stream. */
  public Timer(Stream stream) {
    this.stream = stream;
  }

  private static long event() {
    return DriverCalls.create(
        "cuEventCreate", pointer -> (int) DriverCalls.EVENT_CREATE.invokeExact(pointer, 0));
  }

  /** Seconds that the device works at what {@code work} asks of the stream. Waits for its end. */
  public double seconds(Runnable work) {
    try (Arena arena = Arena.ofConfined()) {
      check("cuEventRecord", (int) DriverCalls.EVENT_RECORD.invokeExact(begin, stream.handle()));
      work.run();
      check("cuEventRecord", (int) DriverCalls.EVENT_RECORD.invokeExact(end, stream.handle()));
      check("cuEventSynchronize", (int) DriverCalls.EVENT_SYNCHRONIZE.invokeExact(end));
      MemorySegment milliseconds = arena.allocate(ValueLayout.JAVA_FLOAT);
      check(
          "cuEventElapsedTime",
          (int) DriverCalls.EVENT_ELAPSED.invokeExact(milliseconds, begin, end));
      return milliseconds.get(ValueLayout.JAVA_FLOAT, 0) / 1e3;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  @Override
  public void close() {
    try {
      check("cuEventDestroy", (int) DriverCalls.EVENT_DESTROY.invokeExact(begin));
      check("cuEventDestroy", (int) DriverCalls.EVENT_DESTROY.invokeExact(end));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }
}
