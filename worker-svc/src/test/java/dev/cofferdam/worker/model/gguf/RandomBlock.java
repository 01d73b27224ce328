package dev.cofferdam.worker.model.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.random.RandomGenerator;

/**
 * A block of random fields: packed into bytes as the format's description says, and widened from
 * the fields themselves by the description's formula, not from the bytes.
 *
 * @param bytes as in a file
 * @param values what they stand for
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record RandomBlock(byte[] bytes, float[] values) {

  static RandomBlock of(GgufType type, RandomGenerator random) {
    return switch (type) {
      case F32 -> {
        float value = (float) random.nextGaussian();
        yield new RandomBlock(buffer(4).putFloat(value).array(), new float[] {value});
      }
      case F16 -> {
        short half = half(random);
        yield new RandomBlock(
            buffer(2).putShort(half).array(), new float[] {Float.float16ToFloat(half)});
      }
      case BF16 -> {
        int bits = Float.floatToRawIntBits((float) random.nextGaussian()) & 0xFFFF0000;
        yield new RandomBlock(
            buffer(2).putShort((short) (bits >>> 16)).array(),
            new float[] {Float.intBitsToFloat(bits)});
      }
      case Q8_0 -> q8(random);
      case Q4_0 -> q4(random);
      case Q4_K -> q4k(random);
      case Q6_K -> q6k(random);
    };
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static short half(RandomGenerator random) {
    return Float.floatToFloat16((float) random.nextGaussian() / 8);
  }

  private static RandomBlock q8(RandomGenerator random) {
    short scale = half(random);
    ByteBuffer bytes = buffer(34).putShort(scale);
    float[] values = new float[32];
    for (int i = 0; i < 32; i++) {
      int quant = random.nextInt(-128, 128);
      bytes.put((byte) quant);
      values[i] = Float.float16ToFloat(scale) * quant;
    }
    return new RandomBlock(bytes.array(), values);
  }

  private static RandomBlock q4(RandomGenerator random) {
    short scale = half(random);
    int[] quants = random.ints(32, 0, 16).toArray();
    ByteBuffer bytes = buffer(18).putShort(scale);
    float[] values = new float[32];
    for (int i = 0; i < 16; i++) {
      bytes.put((byte) (quants[i] + 16 * quants[i + 16]));
    }
    for (int i = 0; i < 32; i++) {
      values[i] = Float.float16ToFloat(scale) * (quants[i] - 8);
    }
    return new RandomBlock(bytes.array(), values);
  }

  private static RandomBlock q4k(RandomGenerator random) {
    short d = half(random);
    short dmin = half(random);
    int[] scales = random.ints(8, 0, 64).toArray();
    int[] minima = random.ints(8, 0, 64).toArray();
    int[] quants = random.ints(256, 0, 16).toArray();
    ByteBuffer bytes = buffer(144).putShort(d).putShort(dmin);
    for (int j = 0; j < 4; j++) {
      bytes.put((byte) (scales[j] + (scales[j + 4] / 16) * 64));
    }
    for (int j = 0; j < 4; j++) {
      bytes.put((byte) (minima[j] + (minima[j + 4] / 16) * 64));
    }
    for (int j = 4; j < 8; j++) {
      bytes.put((byte) (scales[j] % 16 + (minima[j] % 16) * 16));
    }
    for (int pair = 0; pair < 4; pair++) {
      for (int i = 0; i < 32; i++) {
        bytes.put((byte) (quants[64 * pair + i] + 16 * quants[64 * pair + 32 + i]));
      }
    }
    float[] values = new float[256];
    for (int i = 0; i < 256; i++) {
      values[i] =
          Float.float16ToFloat(d) * scales[i / 32] * quants[i]
              - Float.float16ToFloat(dmin) * minima[i / 32];
    }
    return new RandomBlock(bytes.array(), values);
  }

  private static RandomBlock q6k(RandomGenerator random) {
    short d = half(random);
    int[] scales = random.ints(16, -128, 128).toArray();
    int[] quants = random.ints(256, 0, 64).toArray();
    byte[] low = new byte[128];
    byte[] high = new byte[64];
    for (int side = 0; side < 2; side++) {
      for (int i = 0; i < 32; i++) {
        int a = quants[128 * side + i];
        int b = quants[128 * side + 32 + i];
        int c = quants[128 * side + 64 + i];
        int e = quants[128 * side + 96 + i];
        low[64 * side + i] = (byte) (a % 16 + c % 16 * 16);
        low[64 * side + 32 + i] = (byte) (b % 16 + e % 16 * 16);
        high[32 * side + i] = (byte) (a / 16 + b / 16 * 4 + c / 16 * 16 + e / 16 * 64);
      }
    }
    ByteBuffer bytes = buffer(210).put(low).put(high);
    float[] values = new float[256];
    for (int scale : scales) {
      bytes.put((byte) scale);
    }
    for (int i = 0; i < 256; i++) {
      values[i] = Float.float16ToFloat(d) * scales[i / 16] * (quants[i] - 32);
    }
    return new RandomBlock(bytes.putShort(d).array(), values);
  }
}
