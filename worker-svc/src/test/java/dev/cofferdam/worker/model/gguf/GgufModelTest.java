package dev.cofferdam.worker.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cofferdam.gguf.GgufTokenizer;
import dev.cofferdam.gguf.GgufWriter;
import dev.cofferdam.worker.model.LayerTensor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.ModelWeights;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufModelTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  private static ModelWeights golden(String name) {
    return ModelWeights.load(GOLDEN.resolve(name));
  }

  private static GgufModel read(GgufWriter file) {
    return GgufModel.of("test.gguf", MemorySegment.ofArray(file.bytes()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tiny-llama",
        "tiny-llama-scaled-rope",
        "tiny-llama-linear",
        "tiny-llama-yarn",
        "tiny-mistral",
        "tiny-qwen2",
        "tiny-qwen3"
      })
  void isTheModelOfTheFolderThatItWasMadeOf(String name) {
    ModelWeights expected = golden(name);
    ModelWeights actual = read(GgufTwin.of(expected)).weights();
    ModelConfig config = actual.config();
    assertThat(config.ropeFrequencies())
        .containsExactly(
            expected.config().ropeFrequencies(), org.assertj.core.data.Offset.offset(1e-7f));
    assertThat(config.ropeScaling().attentionFactor())
        .isEqualTo(expected.config().ropeScaling().attentionFactor());
    assertThat(config.normEpsilon()).isEqualTo(expected.config().normEpsilon());
    assertThat(config.positionsMax()).isEqualTo(expected.config().positionsMax());
    assertThat(actual.read(actual.outputHead())).isEqualTo(expected.read(expected.outputHead()));
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LayerTensor tensor : LayerTensor.values()) {
        if (tensor.in(expected.config())) {
          String tensorName = tensor.name(layer);
          assertThat(actual.read(tensorName)).isEqualTo(expected.read(tensorName));
        }
      }
    }
  }

  @Test
  void isReadFromAFile(@TempDir Path folder) throws IOException {
    ModelWeights expected = golden("tiny-qwen2");
    Path file = Files.write(folder.resolve("m.gguf"), GgufTwin.of(expected).bytes());
    assertThat(GgufModel.load(file).weights().read(ModelWeights.EMBEDDING))
        .isEqualTo(expected.read(ModelWeights.EMBEDDING));
  }

  @ParameterizedTest
  @EnumSource(GgufType.class)
  void widensEveryTypeFromAnyElementOn(GgufType type) {
    SplittableRandom random = new SplittableRandom(type.ordinal());
    int blocks = 7;
    int size = type.blockElements();
    ByteBuffer bytes = ByteBuffer.allocate(blocks * type.blockBytes());
    float[] expected = new float[blocks * size];
    for (int block = 0; block < blocks; block++) {
      RandomBlock made = RandomBlock.of(type, random);
      bytes.put(made.bytes());
      System.arraycopy(made.values(), 0, expected, block * size, size);
    }
    GgufWriter writer = new GgufWriter();
    writer.version = 2;
    byte[] file = writer.add("x", type.id(), bytes.array(), blocks, size).bytes();
    GgufTensor tensor = GgufFile.of("test", MemorySegment.ofArray(file)).tensors().get("x");
    for (int i = 0; i < 50; i++) {
      int from = random.nextInt(expected.length);
      int count = random.nextInt(expected.length - from + 1);
      float[] actual = new float[count + 2];
      tensor.read(from, actual, 1, count);
      assertThat(Arrays.copyOfRange(actual, 1, count + 1))
          .containsExactly(
              Arrays.copyOfRange(expected, from, from + count),
              org.assertj.core.data.Offset.offset(1e-5f));
    }
  }

  private static GgufWriter withTokenizer() {
    String[] tokens = new String[160];
    Integer[] kinds = new Integer[160];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = "t" + i;
      kinds[i] = i == 2 ? 3 : 1;
    }
    return GgufTwin.of(golden("tiny-qwen2"))
        .with("tokenizer.ggml.model", "gpt2")
        .with("tokenizer.ggml.pre", "qwen2")
        .with("tokenizer.ggml.tokens", List.of(tokens))
        .with("tokenizer.ggml.token_type", List.of(kinds))
        .with("tokenizer.ggml.merges", List.of("a b", "ab c"))
        .with("tokenizer.ggml.eos_token_id", 2)
        .with("tokenizer.ggml.add_bos_token", false)
        .with("tokenizer.chat_template", "{{ messages }}")
        .with("general.tags", List.of("x", "y"));
  }

  @Test
  void handsOutTheBuiltInTokenizer() {
    assertThat(read(GgufTwin.of(golden("tiny-qwen2"))).tokenizer()).isEmpty();
    GgufTokenizer tokenizer = read(withTokenizer()).tokenizer().orElseThrow();
    assertThat(tokenizer.splitter()).isEqualTo(Optional.of("qwen2"));
    assertThat(tokenizer.tokens()).hasSize(160).startsWith("t0", "t1");
    assertThat(tokenizer.kinds().get(2)).isEqualTo(GgufTokenizer.Kind.CONTROL);
    assertThat(tokenizer.merges()).contains(new GgufTokenizer.Merge("ab", "c"));
    assertThat(tokenizer.special()).isEqualTo(Map.of("eos", 2));
    assertThat(tokenizer.settings()).isEqualTo(Map.of("add_bos_token", false));
    assertThat(tokenizer.chatTemplate()).isEqualTo(Optional.of("{{ messages }}"));
  }

  private static void refuses(Consumer<GgufWriter> change, String complaint) {
    GgufWriter file = withTokenizer();
    change.accept(file);
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> read(file))
        .withMessageStartingWith("test.gguf: ")
        .withMessageContaining(complaint);
  }

  @Test
  void refusesByNameWhatItCannotCompute() {
    refuses(f -> f.version = 1, "version");
    refuses(f -> f.with("general.architecture", "gemma2"), "general.architecture");
    refuses(f -> f.with("qwen2.expert_count", 8), "qwen2.expert_count");
    refuses(f -> f.with("qwen2.rope.dimension_count", 4), "qwen2.rope.dimension_count");
    refuses(f -> f.with("qwen2.attention.value_length", 4), "qwen2.attention.value_length");
    refuses(f -> f.with("qwen2.attention.head_count_kv", List.of(1, 2)), "head_count_kv");
    refuses(f -> f.with("qwen2.rope.scaling.type", "longrope"), "rope_type");
    refuses(f -> f.with("qwen2.logit_scale", 2f), "qwen2.logit_scale");
    refuses(f -> f.with("qwen2.block_count", 0), "num_hidden_layers");
    refuses(f -> f.with("qwen2.context_length", -1L), "max_position_embeddings");
    refuses(f -> f.with("qwen2.vocab_size", 161), "qwen2.vocab_size");
    refuses(f -> f.addF32("blk.0.ffn_gate_inp.weight", new float[8], 8), "unknown use");
    refuses(f -> f.addF32("blk.00.attn_norm.weight", new float[32], 32), "twice");
  }

  @Test
  void refusesATokenizerThatContradictsItself() {
    refuses(f -> f.with("tokenizer.ggml.model", "bert"), "tokenizer.ggml.model");
    refuses(f -> f.with("tokenizer.ggml.tokens", List.of("a")), "tokenizer.ggml.token_type");
    refuses(f -> f.with("tokenizer.ggml.tokens", List.of(1, 2)), "tokenizer.ggml.tokens");
    refuses(f -> f.with("tokenizer.ggml.scores", List.of(1f)), "tokenizer.ggml.scores");
    refuses(f -> f.with("tokenizer.ggml.merges", List.of("ab")), "tokenizer.ggml.merges");
    refuses(f -> f.with("tokenizer.ggml.merges", List.of("a b c")), "tokenizer.ggml.merges");
    refuses(f -> f.with("tokenizer.ggml.bos_token_id", 160), "tokenizer.ggml.bos_token_id");
    refuses(f -> f.with("tokenizer.chat_template", 1), "tokenizer.chat_template");
  }

  private static void refusesBytes(byte[] file, String complaint) {
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> GgufModel.of("test.gguf", MemorySegment.ofArray(file)))
        .withMessageContaining(complaint);
  }

  private static byte[] header(long tensors, long pairs, byte... rest) {
    return ByteBuffer.allocate(24 + rest.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0x46554747)
        .putInt(3)
        .putLong(tensors)
        .putLong(pairs)
        .put(rest)
        .array();
  }

  @Test
  void refusesLiesAboutSizesBeforeBelievingThem() {
    byte[] valid = withTokenizer().bytes();
    refusesBytes(new byte[3], "too early");
    refusesBytes(new byte[64], "not a GGUF file");
    refusesBytes(header(Long.MAX_VALUE, 0), "number of tensors");
    refusesBytes(header(-1, 0), "number of tensors");
    refusesBytes(header(0, Long.MAX_VALUE), "metadata pairs");
    byte[] longKey = new byte[8];
    Arrays.fill(longKey, (byte) 0x7F);
    refusesBytes(header(0, 1, longKey), "length of a string");
    refusesBytes(Arrays.copyOf(valid, valid.length - 40), "too early");
    refusesBytes(Arrays.copyOf(valid, valid.length + 1), "no tensor");
    GgufWriter unaligned = withTokenizer().with("general.alignment", 24);
    refusesBytes(unaligned.bytes(), "general.alignment");
  }

  @Test
  void refusesMoreMetadataThanAnyModelHasWithoutReadingIt(@TempDir Path folder) throws IOException {
    byte[] pair =
        ByteBuffer.allocate(25)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(1)
            .put((byte) 'k')
            .putInt(9) // a list
            .putInt(0) // of bytes
            .putLong(200 << 20)
            .array();
    Path file = folder.resolve("m.gguf");
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.write(header(0, 1, pair));
      sparse.setLength(300 << 20);
    }
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> GgufModel.load(file))
        .withMessageStartingWith("m.gguf: the length of a list");
  }

  @Test
  void refusesAWeightThatIsNotFinite() {
    GgufWriter file = GgufTwin.of(golden("tiny-qwen2"));
    float[] norm = new float[32];
    norm[31] = Float.NaN;
    ModelWeights weights = read(file.addF32("output_norm.weight", norm, 32)).weights();
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> weights.read(ModelWeights.FINAL_NORM))
        .withMessageContaining("not finite");
  }
}
