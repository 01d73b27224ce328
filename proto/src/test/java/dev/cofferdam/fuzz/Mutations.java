package dev.cofferdam.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Seeded damage to files, for tests of readers. */
public final class Mutations {
  private static final String[] TOKENS = {
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "9223372036854775807",
    "18446744073709551616",
    "4611686018427387904",
    "2147483648",
    "\"F32\"",
    "\"I64\"",
    "[]",
    "{}",
    "[[[[[[[[[[[[[[[[[[[[[[",
    "0.5",
    "\\u0000",
    "NaN"
  };

  private static final long[] NUMBERS = {
    0,
    1,
    -1,
    255,
    1 << 16,
    1L << 31,
    1L << 32,
    (1L << 32) - 1,
    1L << 62,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  private Mutations() {}

  /**
   * A copy with one to four changes: flipped bits, cut or repeated pieces, numbers (as text and as
   * eight bytes) and punctuation put in.
   */
  public static byte[] mutate(byte[] original, SplittableRandom random) {
    byte[] bytes = original.clone();
    for (int i = random.nextInt(1, 5); i > 0 && bytes.length > 0; i--) {
      int at = position(bytes.length, random);
      switch (random.nextInt(7)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        case 3 -> bytes = splice(bytes, at, at, TOKENS[random.nextInt(TOKENS.length)]);
        case 4 -> {
          int to = Math.min(bytes.length, at + random.nextInt(12));
          bytes = splice(bytes, at, to, TOKENS[random.nextInt(TOKENS.length)]);
        }
        case 5 -> {
          long number = NUMBERS[random.nextInt(NUMBERS.length)];
          for (int b = 0; b < Long.BYTES && at + b < bytes.length; b++) {
            bytes[at + b] = (byte) (number >>> (8 * b));
          }
        }
        default -> bytes[at] = (byte) ('0' + random.nextInt(10));
      }
    }
    return bytes;
  }

  /** Mostly near the start, where the headers are. */
  private static int position(int length, SplittableRandom random) {
    return random.nextInt(4) == 0
        ? random.nextInt(length)
        : random.nextInt(Math.min(length, random.nextBoolean() ? 400 : 4000));
  }

  private static byte[] splice(byte[] bytes, int from, int to, String text) {
    byte[] middle = text.getBytes(StandardCharsets.UTF_8);
    byte[] result = new byte[bytes.length - (to - from) + middle.length];
    System.arraycopy(bytes, 0, result, 0, from);
    System.arraycopy(middle, 0, result, from, middle.length);
    System.arraycopy(bytes, to, result, from + middle.length, bytes.length - to);
    return result;
  }
}
