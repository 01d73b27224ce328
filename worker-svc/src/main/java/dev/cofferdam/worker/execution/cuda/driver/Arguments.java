package dev.cofferdam.worker.execution.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Arguments of a kernel, in its order; each method appends one. The driver copies them when it is
 * called, so that the same object may be {@link #clear}ed for the next launch.
 */
public final class Arguments {
  private static final int MAX = 48;

  private final MemorySegment values;
  private final MemorySegment pointers;
  private int count;

  /** Without any; memory of the arena's. */
  public Arguments(Arena arena) {
    values = arena.allocate(ValueLayout.JAVA_LONG, MAX);
    pointers = arena.allocate(ValueLayout.ADDRESS, MAX);
    for (int i = 0; i < MAX; i++) {
      pointers.setAtIndex(
          ValueLayout.ADDRESS, i, values.asSlice((long) i * Long.BYTES, Long.BYTES));
    }
  }

  /** Takes all away. */
  public Arguments clear() {
    count = 0;
    return this;
  }

  /** An address on the device, or 0. */
  public Arguments address(long address) {
    values.setAtIndex(ValueLayout.JAVA_LONG, count++, address);
    return this;
  }

  /** A number of 64 bits. */
  public Arguments number(long number) {
    return address(number);
  }

  /** A number of 32 bits. */
  public Arguments number(int number) {
    values.set(ValueLayout.JAVA_INT, (long) count++ * Long.BYTES, number);
    return this;
  }

  /** A number in single precision. */
  public Arguments number(float number) {
    values.set(ValueLayout.JAVA_FLOAT, (long) count++ * Long.BYTES, number);
    return this;
  }

  MemorySegment pointers() {
    return pointers;
  }
}
