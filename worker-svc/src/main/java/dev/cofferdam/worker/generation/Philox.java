package dev.cofferdam.worker.generation;

/**
 * Philox4x32-10, a counter-based random generator: the same key and counter give the same number
 * anywhere, so that a continuation needs no state but the index of its next token.
 *
 * @see <a href="https://doi.org/10.1145/2063384.2063405">Salmon et al., Parallel random numbers: as
 *     easy as 1, 2, 3 (2011)</a>
 */
final class Philox {
  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final int ROUNDS = 10;

  private Philox() {}

  /**
   * The first two of the four output words for a counter (c0, c1, c2, c3) and a key (k0, k1), the
   * first one high.
   */
  static long words01(int c0, int c1, int c2, int c3, int k0, int k1) {
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
      long product1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
      int next0 = (int) (product1 >>> 32) ^ c1 ^ k0;
      int next2 = (int) (product0 >>> 32) ^ c3 ^ k1;
      c1 = (int) product1;
      c3 = (int) product0;
      c0 = next0;
      c2 = next2;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    return ((long) c0 << 32) | (c1 & 0xFFFFFFFFL);
  }

  /** A number in [0, 1) with 53 random bits: the {@code index}-th of the stream of {@code seed}. */
  static double uniform(long seed, int index) {
    return (words01(index, 0, 0, 0, (int) seed, (int) (seed >>> 32)) >>> 11) * 0x1p-53;
  }
}
