package dev.cofferdam.worker.model.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Widens blocks of quantised elements to F32, after the structures {@code block_q*} of ggml and
 * their functions {@code dequantize_row_*}.
 */
final class Blocks {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Blocks() {}

  /** Widens the block at byte {@code at} into {@code to}, from its start on. */
  static void widen(GgufType type, MemorySegment data, long at, float[] to) {
    switch (type) {
      case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no blocks");
      case Q4_0 -> q4(data, at, to);
      case Q8_0 -> q8(data, at, to);
      case Q4_K -> q4k(data, at, to);
      case Q6_K -> q6k(data, at, to);
    }
  }

  private static float half(MemorySegment data, long at) {
    return Float.float16ToFloat(data.get(SHORT, at));
  }

  private static int unsigned(MemorySegment data, long at) {
    return data.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
  }

  /** Scale, then 16 bytes with element i in the low and i + 16 in the high four bits. */
  private static void q4(MemorySegment data, long at, float[] to) {
    float scale = half(data, at);
    for (int i = 0; i < 16; i++) {
      int pair = unsigned(data, at + 2 + i);
      to[i] = scale * ((pair & 0xF) - 8);
      to[i + 16] = scale * ((pair >> 4) - 8);
    }
  }

  /** Scale, then 32 signed bytes. */
  private static void q8(MemorySegment data, long at, float[] to) {
    float scale = half(data, at);
    for (int i = 0; i < 32; i++) {
      to[i] = scale * data.get(ValueLayout.JAVA_BYTE, at + 2 + i);
    }
  }

  /**
   * Scale and minimum of eight groups of 32, themselves in six bits of a common scale each; then
   * the elements of two groups at a time in the low and high four bits of 32 bytes.
   */
  private static void q4k(MemorySegment data, long at, float[] to) {
    float scale = half(data, at);
    float minimum = half(data, at + 2);
    long packed = at + 4;
    long quants = at + 16;
    for (int group = 0; group < 8; group++) {
      float factor = scale * sixBits(data, packed, group, 0);
      float addend = minimum * sixBits(data, packed, group, 4);
      for (int i = 0; i < 32; i++) {
        int pair = unsigned(data, quants + group / 2 * 32L + i);
        int quant = group % 2 == 0 ? pair & 0xF : pair >> 4;
        to[group * 32 + i] = factor * quant - addend;
      }
    }
  }

  /**
   * A group's scale ({@code offset} 0) or minimum (4): whole in the first eight bytes for groups 0
   * to 3; for the others, low four bits in the last four bytes, and high two bits in the top of the
   * first eight.
   */
  private static int sixBits(MemorySegment data, long packed, int group, int offset) {
    if (group < 4) {
      return unsigned(data, packed + offset + group) & 0x3F;
    }
    int low = unsigned(data, packed + 4 + group) >> offset & 0xF;
    return low | unsigned(data, packed + offset + group - 4) >> 6 << 4;
  }

  /**
   * Low four bits of 256 elements, their high two bits, 16 signed scales, and the scale of scales
   * last. Each half of the block holds four runs of 32: the low bits of runs 0 and 2 share bytes,
   * and those of 1 and 3; the high bits of all four do.
   */
  private static void q6k(MemorySegment data, long at, float[] to) {
    float scale = half(data, at + 208);
    for (int i = 0; i < 64; i++) {
      int side = i / 32;
      int within = i % 32;
      int even = unsigned(data, at + side * 64L + within);
      int odd = unsigned(data, at + side * 64L + 32 + within);
      int high = unsigned(data, at + 128 + i);
      int first = side * 128 + within;
      long group = at + 192 + first / 16;
      to[first] = scale * data.get(ValueLayout.JAVA_BYTE, group) * sixBits(even, high);
      to[first + 32] = scale * data.get(ValueLayout.JAVA_BYTE, group + 2) * sixBits(odd, high >> 2);
      to[first + 64] =
          scale * data.get(ValueLayout.JAVA_BYTE, group + 4) * sixBits(even >> 4, high >> 4);
      to[first + 96] =
          scale * data.get(ValueLayout.JAVA_BYTE, group + 6) * sixBits(odd >> 4, high >> 6);
    }
  }

  private static int sixBits(int low, int high) {
    return (low & 0xF | (high & 0x3) << 4) - 32;
  }
}
