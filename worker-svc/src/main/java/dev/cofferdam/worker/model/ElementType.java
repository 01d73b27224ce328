package dev.cofferdam.worker.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Types of weights that can be read; each is widened to F32 without loss. */
public enum ElementType {
  F32(4),
  F16(2),
  BF16(2);

  private static final int HALVES_AT_ONCE = 1 << 13;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of an element. */
  public int bytes() {
    return bytes;
  }

  /**
   * Copies little-endian elements, widened to F32.
   *
   * @param data where from
   * @param at first byte
   * @param target where to
   * @param offset first index in {@code target}
   * @param count number of elements
   */
  public void widen(MemorySegment data, long at, float[] target, int offset, int count) {
    if (this == F32) {
      MemorySegment.copy(data, FLOAT, at, target, offset, count);
      return;
    }
    short[] halves = new short[Math.min(count, HALVES_AT_ONCE)];
    for (int done = 0; done < count; done += halves.length) {
      int n = Math.min(halves.length, count - done);
      MemorySegment.copy(data, SHORT, at + (long) Short.BYTES * done, halves, 0, n);
      if (this == F16) {
        widenF16(halves, n, target, offset + done);
      } else {
        widenBf16(halves, n, target, offset + done);
      }
    }
  }

  private static void widenF16(short[] halves, int count, float[] target, int offset) {
    for (int i = 0; i < count; i++) {
      target[offset + i] = Float.float16ToFloat(halves[i]);
    }
  }

  private static void widenBf16(short[] halves, int count, float[] target, int offset) {
    for (int i = 0; i < count; i++) {
      target[offset + i] = Float.intBitsToFloat(halves[i] << 16);
    }
  }
}
