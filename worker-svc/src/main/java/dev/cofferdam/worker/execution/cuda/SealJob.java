package dev.cofferdam.worker.execution.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cofferdam.worker.execution.BlockKey;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The kernels' description of a block to be sealed or opened, and of an expanded key. */
final class SealJob {
  /** Bytes of a description. */
  static final int BYTES = 48;

  /** Where it says whether the seal was found broken. */
  static final long BROKEN_AT = 40;

  /** Bytes of an expanded key. */
  static final int KEY_BYTES = AesKeySchedule.WORDS * Integer.BYTES;

  /** Bytes of the authentication tag of a part. */
  static final int TAG_BYTES = 16;

  private SealJob() {}

  /**
   * Writes a description down; the other arguments are addresses of the device.
   *
   * @param job where, in {@code table}
   * @param seal number of the seal
   */
  static void put(
      MemorySegment table, long job, long from, long to, long tags, long seal, long key) {
    table.set(JAVA_LONG, job, from);
    table.set(JAVA_LONG, job + 8, to);
    table.set(JAVA_LONG, job + 16, tags);
    table.set(JAVA_LONG, job + 24, seal);
    table.set(JAVA_LONG, job + 32, key);
    table.set(JAVA_LONG, job + BROKEN_AT, 0);
  }

  /** Writes an expanded key down, and keeps nothing of it. */
  static void putKey(MemorySegment table, long at, BlockKey key) {
    byte[] encoded = key.getEncoded();
    int[] words = AesKeySchedule.expand(encoded);
    MemorySegment.copy(words, 0, table, JAVA_INT, at, words.length);
    AesKeySchedule.wipe(words);
    Arrays.fill(encoded, (byte) 0);
  }
}
