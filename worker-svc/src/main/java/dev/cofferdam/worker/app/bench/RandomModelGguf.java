package dev.cofferdam.worker.app.bench;

import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.model.LayerTensor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.WeightTensor;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * {@link RandomModel} as a GGUF file with a vocabulary of no words, for peers that read such files:
 * version 3 of ggml's format. Query and key weights stay in the order of Hugging Face's files,
 * which makes other numbers, and takes the same time.
 */
final class RandomModelGguf {
  private static final int ALIGNMENT = 32;
  private static final int BLOCK = 32;
  private static final int CHUNK = 1 << 16;
  private static final int UINT32 = 4;
  private static final int INT32 = 5;
  private static final int FLOAT32 = 6;
  private static final int STRING = 8;
  private static final int ARRAY = 9;
  private static final int NORMAL_PIECE = 1;
  private static final int BYTE_PIECE = 6;
  private static final Map<LayerTensor, String> NAMES =
      Map.of(
          LayerTensor.INPUT_NORM, "attn_norm",
          LayerTensor.QUERY, "attn_q",
          LayerTensor.KEY, "attn_k",
          LayerTensor.VALUE, "attn_v",
          LayerTensor.OUTPUT, "attn_output",
          LayerTensor.FEED_FORWARD_NORM, "ffn_norm",
          LayerTensor.GATE, "ffn_gate",
          LayerTensor.UP, "ffn_up",
          LayerTensor.DOWN, "ffn_down");

  /** How a tensor's numbers are kept, by ggml's number of the type. */
  private enum Kept {
    F32(0),
    Q8_0(8),
    BF16(30);

    private final int number;

    Kept(int number) {
      this.number = number;
    }

    long bytes(long elements) {
      return switch (this) {
        case F32 -> elements * Float.BYTES;
        case Q8_0 -> elements / BLOCK * (Short.BYTES + BLOCK);
        case BF16 -> elements * Short.BYTES;
      };
    }

    void put(ByteBuffer to, float[] values, int count) {
      switch (this) {
        case F32 -> to.asFloatBuffer().put(values, 0, count);
        case Q8_0 -> {
          for (int from = 0; from < count; from += BLOCK) {
            putBlock(to, values, from);
          }
        }
        case BF16 -> {
          for (int i = 0; i < count; i++) {
            to.putShort((short) (Float.floatToRawIntBits(values[i]) >>> 16));
          }
        }
      }
    }

    /** A scale in F16 and 32 numbers of a byte. */
    private static void putBlock(ByteBuffer to, float[] values, int from) {
      float largest = 0;
      for (int i = from; i < from + BLOCK; i++) {
        largest = Math.max(largest, Math.abs(values[i]));
      }
      float scale = largest / Byte.MAX_VALUE;
      to.putShort(Float.floatToFloat16(scale));
      for (int i = from; i < from + BLOCK; i++) {
        to.put((byte) (scale == 0 ? 0 : Math.round(values[i] / scale)));
      }
    }
  }

  private RandomModelGguf() {}

  /** Writes the model with its matrices in F32, BF16 or, for int8, Q8_0. */
  static void write(Path file, WeightType type) throws IOException {
    Kept matrices =
        switch (type) {
          case F32 -> Kept.F32;
          case BF16 -> Kept.BF16;
          case INT8 -> Kept.Q8_0;
          case FP8 -> throw new IllegalArgumentException("GGUF files have no FP8");
        };
    Map<String, WeightTensor> tensors = tensors();
    byte[] header = header(tensors, matrices);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      out.write(header);
      for (WeightTensor tensor : tensors.values()) {
        write(tensor, kept(tensor, matrices), out);
      }
    }
  }

  private static Kept kept(WeightTensor tensor, Kept matrices) {
    return tensor.shape().size() == 1 ? Kept.F32 : matrices;
  }

  private static Map<String, WeightTensor> tensors() {
    Map<String, WeightTensor> random = RandomModel.tensors(RandomModel.CONFIG);
    Map<String, WeightTensor> tensors = new LinkedHashMap<>();
    tensors.put("token_embd.weight", random.get(ModelWeights.EMBEDDING));
    tensors.put("output.weight", random.get(ModelWeights.OUTPUT_HEAD));
    tensors.put("output_norm.weight", random.get(ModelWeights.FINAL_NORM));
    for (int layer = 0; layer < RandomModel.CONFIG.layers(); layer++) {
      for (Map.Entry<LayerTensor, String> name : NAMES.entrySet()) {
        tensors.put(
            "blk." + layer + "." + name.getValue() + ".weight",
            random.get(name.getKey().name(layer)));
      }
    }
    return tensors;
  }

  private static byte[] header(Map<String, WeightTensor> tensors, Kept matrices) {
    ModelConfig model = RandomModel.CONFIG;
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("general.architecture", "llama");
    metadata.put("llama.vocab_size", model.vocabularySize());
    metadata.put("llama.context_length", model.positionsMax());
    metadata.put("llama.embedding_length", model.hidden());
    metadata.put("llama.feed_forward_length", model.feedForward());
    metadata.put("llama.block_count", model.layers());
    metadata.put("llama.attention.head_count", model.heads());
    metadata.put("llama.attention.head_count_kv", model.kvHeads());
    metadata.put("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    metadata.put("llama.rope.freq_base", 10_000f);
    putVocabulary(metadata, model.vocabularySize());
    ByteBuffer out = ByteBuffer.allocate(2 << 20).order(ByteOrder.LITTLE_ENDIAN);
    out.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3);
    out.putLong(tensors.size()).putLong(metadata.size());
    metadata.forEach(
        (key, value) -> {
          putText(out, key);
          switch (value) {
            case Integer number -> out.putInt(UINT32).putInt(number);
            case Float number -> out.putInt(FLOAT32).putFloat(number);
            case List<?> texts -> {
              out.putInt(ARRAY).putInt(STRING).putLong(texts.size());
              texts.forEach(text -> putText(out, text.toString()));
            }
            case int[] numbers -> {
              out.putInt(ARRAY).putInt(INT32).putLong(numbers.length);
              Arrays.stream(numbers).forEach(out::putInt);
            }
            case float[] numbers -> {
              out.putInt(ARRAY).putInt(FLOAT32).putLong(numbers.length);
              for (float number : numbers) {
                out.putFloat(number);
              }
            }
            default -> putText(out.putInt(STRING), value.toString());
          }
        });
    long at = 0;
    for (Map.Entry<String, WeightTensor> tensor : tensors.entrySet()) {
      Kept kept = kept(tensor.getValue(), matrices);
      putText(out, tensor.getKey());
      out.putInt(tensor.getValue().shape().size());
      tensor.getValue().shape().reversed().forEach(out::putLong);
      out.putInt(kept.number).putLong(at);
      at += aligned(kept.bytes(elements(tensor.getValue())));
    }
    byte[] bytes = new byte[(int) aligned(out.position())];
    out.flip().get(bytes, 0, out.limit());
    return bytes;
  }

  /** Bytes, and pieces that no text has. */
  private static void putVocabulary(Map<String, Object> metadata, int size) {
    List<String> pieces = new ArrayList<>();
    int[] kinds = new int[size];
    for (int i = 0; i < size; i++) {
      boolean oneByte = i < 256;
      pieces.add(oneByte ? String.format(Locale.ROOT, "<0x%02X>", i) : "piece" + i);
      kinds[i] = oneByte ? BYTE_PIECE : NORMAL_PIECE;
    }
    metadata.put("tokenizer.ggml.model", "llama");
    metadata.put("tokenizer.ggml.tokens", pieces);
    metadata.put("tokenizer.ggml.scores", new float[size]);
    metadata.put("tokenizer.ggml.token_type", kinds);
  }

  private static void putText(ByteBuffer out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.putLong(bytes.length).put(bytes);
  }

  private static void write(WeightTensor tensor, Kept kept, OutputStream out) throws IOException {
    long elements = elements(tensor);
    float[] chunk = new float[CHUNK];
    for (long from = 0; from < elements; from += CHUNK) {
      int count = (int) Math.min(CHUNK, elements - from);
      tensor.read(from, chunk, 0, count);
      ByteBuffer bytes =
          ByteBuffer.allocate((int) kept.bytes(count)).order(ByteOrder.LITTLE_ENDIAN);
      kept.put(bytes, chunk, count);
      out.write(bytes.array());
    }
    long bytes = kept.bytes(elements);
    out.write(new byte[(int) (aligned(bytes) - bytes)]);
  }

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private static long elements(WeightTensor tensor) {
    return tensor.shape().stream().reduce(1L, (a, b) -> a * b);
  }
}
