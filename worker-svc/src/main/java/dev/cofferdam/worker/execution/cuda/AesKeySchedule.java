package dev.cofferdam.worker.execution.cuda;

import java.util.Arrays;

/** The round keys of AES-256 (FIPS 197, section 5.2). */
final class AesKeySchedule {
  /** Words of an expanded key. */
  static final int WORDS = 60;

  private static final int KEY_WORDS = 8;
  private static final byte[] SUBSTITUTION = substitution();

  private AesKeySchedule() {}

  /** The expanded key; the first byte of a word is its highest. */
  static int[] expand(byte[] key) {
    int[] words = new int[WORDS];
    for (int i = 0; i < KEY_WORDS; i++) {
      words[i] =
          (key[4 * i] & 0xFF) << 24
              | (key[4 * i + 1] & 0xFF) << 16
              | (key[4 * i + 2] & 0xFF) << 8
              | key[4 * i + 3] & 0xFF;
    }
    int round = 1;
    for (int i = KEY_WORDS; i < WORDS; i++) {
      int previous = words[i - 1];
      if (i % KEY_WORDS == 0) {
        previous = substitute(Integer.rotateLeft(previous, 8)) ^ round << 24;
        round = times2(round);
      } else if (i % KEY_WORDS == 4) {
        previous = substitute(previous);
      }
      words[i] = words[i - KEY_WORDS] ^ previous;
    }
    return words;
  }

  /** Forgets an expanded key. */
  static void wipe(int[] words) {
    Arrays.fill(words, 0);
  }

  private static int substitute(int word) {
    return (SUBSTITUTION[word >>> 24] & 0xFF) << 24
        | (SUBSTITUTION[word >>> 16 & 0xFF] & 0xFF) << 16
        | (SUBSTITUTION[word >>> 8 & 0xFF] & 0xFF) << 8
        | SUBSTITUTION[word & 0xFF] & 0xFF;
  }

  private static int times2(int element) {
    return element << 1 ^ ((element & 0x80) == 0 ? 0 : 0x11B); // the polynomial of FIPS 197
  }

  /** The S-box: the inverse in GF(2^8), then an affine map. By powers of the generator 3. */
  private static byte[] substitution() {
    byte[] table = new byte[256];
    int power = 1;
    int inverse = 1;
    do {
      power = power ^ times2(power);
      inverse = dividedBy3(inverse);
      int rotated =
          inverse
              ^ rotate(inverse, 1)
              ^ rotate(inverse, 2)
              ^ rotate(inverse, 3)
              ^ rotate(inverse, 4);
      table[power] = (byte) (rotated ^ 0x63);
    } while (power != 1);
    table[0] = 0x63;
    return table;
  }

  /** Times 0xF6, the inverse of 3. */
  private static int dividedBy3(int element) {
    int product = 0;
    int factor = element;
    for (int bits = 0xF6; bits != 0; bits >>>= 1) {
      if ((bits & 1) != 0) {
        product ^= factor;
      }
      factor = times2(factor) & 0xFF;
    }
    return product;
  }

  private static int rotate(int element, int by) {
    return (element << by | element >>> 8 - by) & 0xFF;
  }
}
