package dev.cofferdam.worker.model;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes safetensors files for tests. */
public final class SafetensorsWriter {
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Tensor(ElementType type, long[] shape, float[] values) {}

  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  public SafetensorsWriter add(String name, ElementType type, float[] values, long... shape) {
    tensors.put(name, new Tensor(type, shape, values));
    return this;
  }

  public byte[] bytes() {
    StringBuilder header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    tensors.forEach(
        (name, tensor) -> {
          int begin = data.size();
          data.writeBytes(encode(tensor));
          header.append(
              ",\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
                  .formatted(
                      name,
                      tensor.type,
                      Arrays.stream(tensor.shape)
                          .mapToObj(Long::toString)
                          .collect(Collectors.joining(",")),
                      begin,
                      data.size()));
        });
    return file(header.append('}').toString(), data.toByteArray());
  }

  /** A file of any header and data. */
  public static byte[] file(String header, byte[] data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Long.BYTES + json.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .put(data)
        .array();
  }

  private static byte[] encode(Tensor tensor) {
    ByteBuffer bytes =
        ByteBuffer.allocate(tensor.values.length * tensor.type.bytes())
            .order(ByteOrder.LITTLE_ENDIAN);
    for (float value : tensor.values) {
      switch (tensor.type) {
        case F32 -> bytes.putFloat(value);
        case F16 -> bytes.putShort(Float.floatToFloat16(value));
        case BF16 -> bytes.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
      }
    }
    return bytes.array();
  }
}
