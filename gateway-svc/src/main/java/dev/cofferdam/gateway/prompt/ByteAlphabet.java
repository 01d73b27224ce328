package dev.cofferdam.gateway.prompt;

import java.util.Arrays;

/** GPT-2's printable characters for the 256 bytes, in which byte-level vocabularies are written. */
public final class ByteAlphabet {
  private static final int[] BYTE_OF = new int[512];

  static {
    Arrays.fill(BYTE_OF, -1);
    int next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      BYTE_OF[printable ? b : next++] = b;
    }
  }

  private ByteAlphabet() {}

  /**
   * The bytes of a vocabulary entry.
   *
   * @throws IllegalArgumentException for a character outside the alphabet
   */
  public static byte[] bytes(String entry) {
    byte[] bytes = new byte[entry.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = entry.charAt(i);
      int b = c < BYTE_OF.length ? BYTE_OF[c] : -1;
      if (b < 0) {
        throw new IllegalArgumentException("the vocabulary is not byte-level");
      }
      bytes[i] = (byte) b;
    }
    return bytes;
  }
}
