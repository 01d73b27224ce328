package dev.cofferdam.worker.app.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.worker.model.WeightTensor;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** {@link RandomModel} as a safetensors file in BF16, for peers that read files. */
final class RandomModelFile {
  private static final int CHUNK = 1 << 16;

  private RandomModelFile() {}

  /** Writes {@code model.safetensors} into a folder. */
  static void write(Path folder) throws IOException {
    Map<String, WeightTensor> tensors = new TreeMap<>(RandomModel.tensors(RandomModel.CONFIG));
    ObjectNode header = new ObjectMapper().createObjectNode();
    long at = 0;
    for (Map.Entry<String, WeightTensor> tensor : tensors.entrySet()) {
      ObjectNode entry = header.putObject(tensor.getKey()).put("dtype", "BF16");
      tensor.getValue().shape().forEach(entry.withArray("shape")::add);
      long end = at + elements(tensor.getValue()) * Short.BYTES;
      entry.putArray("data_offsets").add(at).add(end);
      at = end;
    }
    byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
    try (OutputStream out =
        new BufferedOutputStream(Files.newOutputStream(folder.resolve("model.safetensors")))) {
      out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).array());
      out.write(text);
      for (WeightTensor tensor : tensors.values()) {
        write(tensor, out);
      }
    }
  }

  private static void write(WeightTensor tensor, OutputStream out) throws IOException {
    long elements = elements(tensor);
    float[] chunk = new float[CHUNK];
    ByteBuffer bytes = ByteBuffer.allocate(CHUNK * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long from = 0; from < elements; from += CHUNK) {
      int count = (int) Math.min(CHUNK, elements - from);
      tensor.read(from, chunk, 0, count);
      bytes.clear();
      for (int i = 0; i < count; i++) {
        bytes.putShort((short) (Float.floatToRawIntBits(chunk[i]) >>> 16));
      }
      out.write(bytes.array(), 0, bytes.position());
    }
  }

  private static long elements(WeightTensor tensor) {
    return tensor.shape().stream().reduce(1L, (a, b) -> a * b);
  }
}
