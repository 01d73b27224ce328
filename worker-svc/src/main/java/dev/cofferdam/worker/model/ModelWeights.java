package dev.cofferdam.worker.model;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * The weights of a model, mapped into memory. Every tensor that the configuration calls for is
 * there in the right shape, and none is there that would be silently ignored. An executor copies
 * from here into its own layout.
 */
public final class ModelWeights {
  /** Name of the token embedding, vocabulary × hidden. */
  public static final String EMBEDDING = "model.embed_tokens.weight";

  /** Name of the last norm. */
  public static final String FINAL_NORM = "model.norm.weight";

  /** Name of the output projection where it is not the embedding. */
  public static final String OUTPUT_HEAD = "lm_head.weight";

  /** Without a sign, finite numbers have smaller bits, NaNs larger ones. */
  private static final int INFINITY_BITS = 0x7F800000;

  private static final int CHECKED_AT_ONCE = 1 << 16;
  private static final String SINGLE = "model.safetensors";

  /**
   * Tables of rotary frequencies that older exporters stored; they are computed from the
   * configuration.
   */
  private static final String IGNORED_SUFFIX = ".self_attn.rotary_emb.inv_freq";

  private record Located(SafetensorsFile file, TensorEntry entry) implements WeightTensor {
    @Override
    public List<Long> shape() {
      return entry.shape();
    }

    @Override
    public boolean bf16() {
      return entry.type() == ElementType.BF16;
    }

    @Override
    public void read(long from, float[] target, int offset, int count) {
      file.read(entry, from, target, offset, count);
    }

    @Override
    public Optional<MemorySegment> mapped(ElementType type) {
      return entry.type() == type ? Optional.of(file.bytes(entry)) : Optional.empty();
    }
  }

  private final ModelConfig config;
  private final Map<String, WeightTensor> tensors;

  private ModelWeights(ModelConfig config, Map<String, WeightTensor> tensors) {
    this.config = config;
    this.tensors = tensors;
    checkAll();
  }

  /**
   * Opens a model folder: {@code config.json}, and {@code model.safetensors} or the shards that
   * {@code model.safetensors.index.json} names.
   *
   * @throws ModelLoadException when anything is missing, malformed or not supported
   */
  public static ModelWeights load(Path folder) {
    ModelConfig config = ModelConfigReader.read(folder);
    if (Files.exists(folder.resolve(ShardIndex.FILE))) {
      return of(config, shards(folder));
    }
    if (Files.exists(folder.resolve(SINGLE))) {
      Map<String, WeightTensor> tensors = new HashMap<>();
      add(tensors, SafetensorsFile.map(folder.resolve(SINGLE)));
      return of(config, tensors);
    }
    throw new ModelLoadException("neither " + SINGLE + " nor " + ShardIndex.FILE);
  }

  /**
   * The weights of a model from any format.
   *
   * @param tensors by the names of Hugging Face, in its layout
   * @throws ModelLoadException when they are not exactly those of the configuration
   */
  public static ModelWeights of(ModelConfig config, Map<String, WeightTensor> tensors) {
    return new ModelWeights(config, Map.copyOf(tensors));
  }

  /** Geometry of the model. */
  public ModelConfig config() {
    return config;
  }

  /** Whether the projections are stored in BF16; the embedding stands for all. */
  public boolean bf16() {
    return tensor(EMBEDDING).bf16();
  }

  /** Name of the output projection, vocabulary × hidden: the embedding's where they are tied. */
  public String outputHead() {
    return config.tiedEmbeddings() ? EMBEDDING : OUTPUT_HEAD;
  }

  /**
   * A whole tensor, widened to F32, in row-major order.
   *
   * @throws ModelLoadException when one of its elements is not finite
   */
  public float[] read(String name) {
    float[] values = new float[Math.toIntExact(tensor(name).elements())];
    read(name, 0, values, 0, values.length);
    return values;
  }

  /**
   * Copies {@code count} elements of a tensor from its element {@code from} on, widened to F32.
   *
   * @throws ModelLoadException when one of them is not finite
   */
  public void read(String name, long from, float[] target, int offset, int count) {
    tensor(name).read(from, target, offset, count);
    int largest = 0;
    for (int i = offset; i < offset + count; i++) {
      largest = Math.max(largest, Float.floatToRawIntBits(target[i]) & Integer.MAX_VALUE);
    }
    if (largest >= INFINITY_BITS) {
      throw new ModelLoadException("weights: " + name + " has a weight that is not finite");
    }
  }

  /**
   * The bytes of a tensor in the mapped file, if they are of that type; nothing is copied.
   *
   * @throws ModelLoadException when one of its elements is not finite
   */
  public Optional<MemorySegment> mapped(String name, ElementType type) {
    WeightTensor tensor = tensor(name);
    Optional<MemorySegment> mapped = tensor.mapped(type);
    if (mapped.isPresent()) {
      float[] piece = new float[(int) Math.min(tensor.elements(), CHECKED_AT_ONCE)];
      for (long from = 0; from < tensor.elements(); from += piece.length) {
        read(name, from, piece, 0, (int) Math.min(piece.length, tensor.elements() - from));
      }
    }
    return mapped;
  }

  private WeightTensor tensor(String name) {
    return Optional.ofNullable(tensors.get(name))
        .orElseThrow(() -> new ModelLoadException("weights: " + name + " is missing"));
  }

  private static Map<String, WeightTensor> shards(Path folder) {
    Map<String, String> shardOf =
        ShardIndex.parse(StrictJson.bytes(folder.resolve(ShardIndex.FILE), ShardIndex.BYTES_MAX));
    Map<String, WeightTensor> tensors = new HashMap<>();
    for (String shard : new TreeSet<>(shardOf.values())) {
      SafetensorsFile file = SafetensorsFile.map(folder.resolve(shard));
      for (String name : file.entries().keySet()) {
        if (!shard.equals(shardOf.get(name))) {
          throw ShardIndex.disagrees();
        }
      }
      add(tensors, file);
    }
    if (tensors.size() != shardOf.size()) {
      throw ShardIndex.disagrees();
    }
    return tensors;
  }

  private static void add(Map<String, WeightTensor> tensors, SafetensorsFile file) {
    for (TensorEntry entry : file.entries().values()) {
      tensors.put(entry.name(), new Located(file, entry));
    }
  }

  private void checkAll() {
    int expected = 0;
    expected += check(EMBEDDING, config.vocabularySize(), config.hidden());
    expected += check(FINAL_NORM, config.hidden());
    if (!config.tiedEmbeddings()) {
      expected += check(OUTPUT_HEAD, config.vocabularySize(), config.hidden());
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LayerTensor tensor : LayerTensor.values()) {
        if (tensor.in(config)) {
          expected += check(tensor.name(layer), tensor.shape(config));
        }
      }
    }
    long ignored =
        tensors.keySet().stream()
            .filter(
                name ->
                    name.endsWith(IGNORED_SUFFIX)
                        || (config.tiedEmbeddings() && name.equals(OUTPUT_HEAD)))
            .count();
    if (tensors.size() != expected + ignored) {
      throw new ModelLoadException(
          "weights: a tensor that a model of this configuration does not have");
    }
  }

  private int check(String name, long... shape) {
    if (!tensor(name).hasShape(shape)) {
      throw new ModelLoadException("weights: " + name + " has the wrong shape");
    }
    return 1;
  }
}
