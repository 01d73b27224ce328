package dev.cofferdam.worker.execution.cuda;

import dev.cofferdam.worker.execution.cuda.driver.DeviceMemory;
import dev.cofferdam.worker.execution.cuda.driver.PinnedMemory;
import dev.cofferdam.worker.execution.cuda.driver.Stream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Copies weights to the device through a piece of pinned memory, rounding them on the way. */
final class Upload implements AutoCloseable {
  private static final int PIECE_BYTES = 8 << 20;

  private final Stream stream = new Stream();
  private final PinnedMemory pinned;
  private final int pieceBytes;

  Upload() {
    this(PIECE_BYTES);
  }

  /**
   * @param pieceBytes pinned memory, so much of which is copied at once
   */
  Upload(int pieceBytes) {
    this.pieceBytes = pieceBytes;
    try {
      pinned = new PinnedMemory(pieceBytes);
    } catch (RuntimeException e) {
      stream.close();
      throw e;
    }
  }

  /** Copies bytes as they are. */
  void copy(MemorySegment from, DeviceMemory to, long offset) {
    for (long done = 0; done < from.byteSize(); done += pieceBytes) {
      long bytes = Math.min(pieceBytes, from.byteSize() - done);
      MemorySegment.copy(from, done, pinned.segment(), 0, bytes);
      flush(to.at(offset + done, bytes), bytes);
    }
  }

  /** Copies numbers in single precision. */
  void floats(float[] from, DeviceMemory to, long offset) {
    copy(MemorySegment.ofArray(from), to, offset);
  }

  /** Copies numbers rounded to the nearest BF16, ties to even. */
  void rounded(float[] from, int count, DeviceMemory to, long offset) {
    int most = pieceBytes / Short.BYTES;
    for (int done = 0; done < count; done += most) {
      int elements = Math.min(most, count - done);
      for (int i = 0; i < elements; i++) {
        pinned.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, bf16(from[done + i]));
      }
      long bytes = (long) elements * Short.BYTES;
      flush(to.at(offset + (long) done * Short.BYTES, bytes), bytes);
    }
  }

  private void flush(long to, long bytes) {
    stream.copyIn(to, pinned.segment(), bytes);
    stream.synchronize();
  }

  /** The nearest BF16, the even one of two; what is not a number stays none. */
  static short bf16(float number) {
    int bits = Float.floatToRawIntBits(number);
    return (short)
        (Float.isNaN(number) ? bits >>> 16 | 0x40 : bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
  }

  @Override
  public void close() {
    try (stream) {
      pinned.close();
    }
  }
}
