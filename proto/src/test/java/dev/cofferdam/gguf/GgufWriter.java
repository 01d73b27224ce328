package dev.cofferdam.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes GGUF files for tests. */
public final class GgufWriter {
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Tensor(int type, long[] shape, byte[] data) {}

  /** A type of tensors. */
  public static final int F32 = 0;

  /** A type of tensors. */
  public static final int BF16 = 30;

  private static final long ALIGNMENT = 32;

  /** Version of the format. */
  public int version = 3;

  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  /** A metadata pair, in place of one of the same key. */
  public GgufWriter with(String key, Object value) {
    metadata.put(key, value);
    return this;
  }

  /** A tensor; the shape outermost first. */
  public GgufWriter add(String name, int type, byte[] data, long... shape) {
    tensors.put(name, new Tensor(type, shape, data));
    return this;
  }

  /** A tensor in F32; the shape outermost first. */
  public GgufWriter addF32(String name, float[] values, long... shape) {
    ByteBuffer data =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      data.putFloat(value);
    }
    return add(name, F32, data.array(), shape);
  }

  /** The file. */
  public byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    int32(out, version);
    int64(out, tensors.size());
    int64(out, metadata.size());
    metadata.forEach(
        (key, value) -> {
          text(out, key);
          int32(out, typeOf(value));
          value(out, value);
        });
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    tensors.forEach(
        (name, tensor) -> {
          text(out, name);
          int32(out, tensor.shape.length);
          for (int i = tensor.shape.length - 1; i >= 0; i--) {
            int64(out, tensor.shape[i]);
          }
          int32(out, tensor.type);
          int64(out, data.size());
          data.writeBytes(tensor.data);
          pad(data);
        });
    pad(out);
    out.writeBytes(data.toByteArray());
    return out.toByteArray();
  }

  private void pad(ByteArrayOutputStream out) {
    while (out.size() % ALIGNMENT != 0) {
      out.write(0);
    }
  }

  private static int typeOf(Object value) {
    return switch (value) {
      case Byte ignored -> 0;
      case Short ignored -> 2;
      case Integer ignored -> 4;
      case Float ignored -> 6;
      case Boolean ignored -> 7;
      case String ignored -> 8;
      case List<?> ignored -> 9;
      case Long ignored -> 10;
      case Double ignored -> 12;
      default -> throw new IllegalArgumentException(value.getClass().getName());
    };
  }

  private static void value(ByteArrayOutputStream out, Object value) {
    switch (value) {
      case Byte number -> out.write(number);
      case Short number -> {
        out.write(number);
        out.write(number >> 8);
      }
      case Integer number -> int32(out, number);
      case Float number -> int32(out, Float.floatToRawIntBits(number));
      case Boolean flag -> out.write(flag ? 1 : 0);
      case String string -> text(out, string);
      case Long number -> int64(out, number);
      case Double number -> int64(out, Double.doubleToRawLongBits(number));
      case List<?> list -> {
        int32(out, list.isEmpty() ? 4 : typeOf(list.getFirst()));
        int64(out, list.size());
        list.forEach(element -> value(out, element));
      }
      default -> throw new IllegalArgumentException(value.getClass().getName());
    }
  }

  private static void text(ByteArrayOutputStream out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int64(out, bytes.length);
    out.writeBytes(bytes);
  }

  private static void int32(ByteArrayOutputStream out, int value) {
    out.writeBytes(
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  private static void int64(ByteArrayOutputStream out, long value) {
    out.writeBytes(
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }
}
