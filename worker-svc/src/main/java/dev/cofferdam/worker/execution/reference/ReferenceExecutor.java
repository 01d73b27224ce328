package dev.cofferdam.worker.execution.reference;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.execution.AdapterSlots;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.Fp8;
import dev.cofferdam.worker.execution.HiddenSum;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.SequenceSampler;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepPlanCheck;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.model.LayerTensor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelWeights;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Llama-family decoder in double precision, written line by line after the model's definition
 * (Touvron et al., 2023), one row at a time, without any regard for speed.
 */
public final class ReferenceExecutor implements ModelExecutor {
  private final ModelConfig model;
  private final ExecutorGeometry geometry;
  private final StepPlanCheck check;
  private final SequenceSampler sampler;
  private final AdapterSlots<LoraAdapter> adapters;
  private final double[] embedding;
  private final double[] finalNorm;
  private final double[] outputHead;
  private final Map<LayerTensor, double[][]> layers = new EnumMap<>(LayerTensor.class);
  private final float[] ropeFrequencies;

  /** [block][layer][token][K then V, of all heads]. */
  private final double[][][][] pool;

  private final KvType kv;

  private final float[] logits;

  /** Of the last row that a token was sampled from. */
  private double[] lastLogits = {};

  private ReferenceExecutor(ModelWeights weights, ExecutorOptions options) {
    model = weights.config();
    geometry =
        ExecutorGeometry.of(
            model, options, model.kvElementsPerToken() * options.blockTokens() * Double.BYTES);
    check = new StepPlanCheck(geometry, options);
    sampler = new SequenceSampler(model.vocabularySize());
    adapters = new AdapterSlots<>(options.adapterSlots());
    embedding = read(weights, ModelWeights.EMBEDDING);
    finalNorm = read(weights, ModelWeights.FINAL_NORM);
    outputHead = read(weights, weights.outputHead());
    for (LayerTensor tensor : LayerTensor.values()) {
      if (tensor.in(model)) {
        double[][] values = new double[model.layers()][];
        for (int layer = 0; layer < values.length; layer++) {
          values[layer] = read(weights, tensor.name(layer));
        }
        layers.put(tensor, values);
      }
    }
    ropeFrequencies = model.ropeFrequencies();
    pool = new double[options.blocks()][model.layers()][options.blockTokens()][2 * model.kvWidth()];
    kv = options.kv();
    logits = new float[model.vocabularySize()];
  }

  /** Builds an executor; copies the weights. */
  public static ReferenceExecutor create(ModelWeights weights, ExecutorOptions options) {
    return new ReferenceExecutor(weights, options);
  }

  private static double[] read(ModelWeights weights, String name) {
    float[] values = weights.read(name);
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  @Override
  public ExecutorGeometry geometry() {
    return geometry;
  }

  @Override
  public void execute(StepPlan plan, StepResult result) {
    check.check(plan);
    for (int s = 0; s < plan.sequences; s++) {
      if (!adapters.usable(plan.adapterSlot[s])) {
        throw new IllegalArgumentException("step plan: adapterSlot");
      }
    }
    for (int s = 0; s < plan.sequences; s++) {
      double[] hidden = new double[0];
      HiddenSum wanted = plan.hidden[s];
      for (int row = plan.rowStart[s]; row < plan.rowStart[s + 1]; row++) {
        hidden = forward(plan, s, row);
        if (wanted != null && wanted.positions() == plan.positions[row]) {
          wanted.add(normalise(hidden, finalNorm));
        }
      }
      if (plan.sample[s]) {
        sample(plan, s, multiply(outputHead, normalise(hidden, finalNorm)), result);
      }
    }
  }

  private void sample(StepPlan plan, int s, double[] wide, StepResult result) {
    lastLogits = wide;
    for (int i = 0; i < wide.length; i++) {
      logits[i] = (float) wide[i];
    }
    sampler.sample(logits, 0, plan, s, result);
  }

  /** Logit of a token for the last row that a token was sampled from. */
  public double logit(int token) {
    return lastLogits[token];
  }

  private double[] forward(StepPlan plan, int s, int row) {
    int token = plan.tokenIds[row];
    double[] x =
        Arrays.copyOfRange(embedding, token * model.hidden(), (token + 1) * model.hidden());
    for (int layer = 0; layer < model.layers(); layer++) {
      double[] attended =
          attention(plan, s, row, layer, normalise(x, tensor(LayerTensor.INPUT_NORM, layer)));
      for (int i = 0; i < x.length; i++) {
        x[i] += attended[i];
      }
      double[] fed =
          feedForward(plan, s, layer, normalise(x, tensor(LayerTensor.FEED_FORWARD_NORM, layer)));
      for (int i = 0; i < x.length; i++) {
        x[i] += fed[i];
      }
    }
    return x;
  }

  private double[] tensor(LayerTensor tensor, int layer) {
    return layers.getOrDefault(tensor, new double[model.layers()][0])[layer];
  }

  private double[] attention(StepPlan plan, int s, int row, int layer, double[] x) {
    LoraAdapter adapter = adapters.get(plan.adapterSlot[s]);
    int position = plan.positions[row];
    double[] query =
        project(LayerTensor.QUERY, LayerTensor.QUERY_BIAS, LoraTarget.QUERY, layer, adapter, x);
    double[] key =
        project(LayerTensor.KEY, LayerTensor.KEY_BIAS, LoraTarget.KEY, layer, adapter, x);
    double[] value =
        project(LayerTensor.VALUE, LayerTensor.VALUE_BIAS, LoraTarget.VALUE, layer, adapter, x);
    rotate(query, tensor(LayerTensor.QUERY_NORM, layer), position);
    rotate(key, tensor(LayerTensor.KEY_NORM, layer), position);
    double[] slot = keyValue(plan, s, layer, position);
    System.arraycopy(key, 0, slot, 0, key.length);
    System.arraycopy(value, 0, slot, key.length, value.length);
    if (kv == KvType.BF16) {
      Arrays.setAll(slot, i -> bf16(slot[i]));
    } else if (kv == KvType.FP8) {
      for (int head = 0; head < 2 * model.kvHeads(); head++) {
        fp8(slot, head * model.headDimension(), model.headDimension());
      }
    }

    double[] mixed = new double[model.queryWidth()];
    for (int head = 0; head < model.heads(); head++) {
      attend(plan, s, layer, position, head, query, mixed);
    }
    return project(
        LayerTensor.OUTPUT, LayerTensor.OUTPUT_BIAS, LoraTarget.OUTPUT, layer, adapter, mixed);
  }

  /** The nearest number with eight significant bits, the even one of two. */
  private static double bf16(double number) {
    double unit = Math.scalb(1.0, Math.getExponent(number) - 7);
    return Math.rint(number / unit) * unit;
  }

  /** A head's nearest E4M3 numbers times a power of two. */
  private static void fp8(double[] slot, int from, int width) {
    double largest = 0;
    for (int i = from; i < from + width; i++) {
      largest = Math.max(largest, Math.abs(slot[i]));
    }
    double scale = Fp8.scale(largest);
    for (int i = from; i < from + width && largest > 0; i++) {
      slot[i] = Fp8.decode(Fp8.encode((float) (slot[i] / scale))) * scale;
    }
  }

  private double[] keyValue(StepPlan plan, int s, int layer, int position) {
    int block = plan.blockTable[plan.blockStart[s] + position / geometry.blockTokens()];
    return pool[block][layer][position % geometry.blockTokens()];
  }

  private void attend(
      StepPlan plan, int s, int layer, int position, int head, double[] query, double[] mixed) {
    int width = model.headDimension();
    int kvOffset = head / (model.heads() / model.kvHeads()) * width;
    double[] weight = new double[position + 1];
    double maximum = Double.NEGATIVE_INFINITY;
    for (int p = 0; p <= position; p++) {
      double[] slot = keyValue(plan, s, layer, p);
      for (int i = 0; i < width; i++) {
        weight[p] += query[head * width + i] * slot[kvOffset + i];
      }
      weight[p] /= Math.sqrt(width);
      maximum = Math.max(maximum, weight[p]);
    }
    double total = 0;
    for (int p = 0; p <= position; p++) {
      weight[p] = Math.exp(weight[p] - maximum);
      total += weight[p];
    }
    for (int p = 0; p <= position; p++) {
      double[] slot = keyValue(plan, s, layer, p);
      for (int i = 0; i < width; i++) {
        mixed[head * width + i] += weight[p] / total * slot[model.kvWidth() + kvOffset + i];
      }
    }
  }

  private double[] feedForward(StepPlan plan, int s, int layer, double[] x) {
    LoraAdapter adapter = adapters.get(plan.adapterSlot[s]);
    double[] gate = project(LayerTensor.GATE, null, LoraTarget.GATE, layer, adapter, x);
    double[] up = project(LayerTensor.UP, null, LoraTarget.UP, layer, adapter, x);
    for (int i = 0; i < gate.length; i++) {
      gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
    }
    return project(LayerTensor.DOWN, null, LoraTarget.DOWN, layer, adapter, gate);
  }

  private double[] project(
      LayerTensor weight,
      @Nullable LayerTensor bias,
      LoraTarget target,
      int layer,
      @Nullable LoraAdapter adapter,
      double[] x) {
    double[] y = multiply(tensor(weight, layer), x);
    if (bias != null && bias.in(model)) {
      double[] addend = tensor(bias, layer);
      for (int i = 0; i < y.length; i++) {
        y[i] += addend[i];
      }
    }
    if (adapter != null) {
      adapter.module(layer, target).ifPresent(module -> addLora(adapter, module, x, y));
    }
    return y;
  }

  private static void addLora(
      LoraAdapter adapter, LoraAdapter.Module module, double[] x, double[] y) {
    for (int r = 0; r < adapter.rank(); r++) {
      double shrunk = 0;
      for (int i = 0; i < x.length; i++) {
        shrunk += module.a()[r * x.length + i] * x[i];
      }
      for (int i = 0; i < y.length; i++) {
        y[i] += adapter.scale() * module.b()[i * adapter.rank() + r] * shrunk;
      }
    }
  }

  private static double[] multiply(double[] matrix, double[] x) {
    double[] y = new double[matrix.length / x.length];
    for (int row = 0; row < y.length; row++) {
      for (int i = 0; i < x.length; i++) {
        y[row] += matrix[row * x.length + i] * x[i];
      }
    }
    return y;
  }

  private double[] normalise(double[] x, double[] weight) {
    double squares = 0;
    for (double value : x) {
      squares += value * value;
    }
    double factor = 1 / Math.sqrt(squares / x.length + model.normEpsilon());
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = x[i] * factor * weight[i];
    }
    return y;
  }

  /**
   * Normalises each head where the model does, and rotates it (the half-split layout of Hugging
   * Face).
   */
  private void rotate(double[] heads, double[] norm, int position) {
    int width = model.headDimension();
    int half = width / 2;
    double factor = model.ropeScaling().attentionFactor();
    for (int from = 0; from < heads.length; from += width) {
      if (norm.length > 0) {
        double[] head = normalise(Arrays.copyOfRange(heads, from, from + width), norm);
        System.arraycopy(head, 0, heads, from, width);
      }
      for (int i = 0; i < half; i++) {
        double angle = position * ropeFrequencies[i]; // rounded to F32, as in training
        double first = heads[from + i];
        double second = heads[from + half + i];
        heads[from + i] = (first * Math.cos(angle) - second * Math.sin(angle)) * factor;
        heads[from + half + i] = (second * Math.cos(angle) + first * Math.sin(angle)) * factor;
      }
    }
  }

  @Override
  public void zeroBlocks(int[] blockIds, int count) {
    for (int i = 0; i < count; i++) {
      for (double[][] layer : pool[blockIds[i]]) {
        for (double[] slot : layer) {
          Arrays.fill(slot, 0);
        }
      }
    }
  }

  @Override
  public void sealBlock(int blockId, BlockKey key, long seal) {
    throw plainOnly();
  }

  @Override
  public boolean openBlock(int blockId, BlockKey key, long seal) {
    throw plainOnly();
  }

  @Override
  public byte[] exportBlock(int blockId, BlockKey key, long seal) {
    throw plainOnly();
  }

  @Override
  public byte[] exportSealed(int blockId) {
    throw plainOnly();
  }

  @Override
  public boolean importBlock(int blockId, BlockKey key, long seal, byte[] exported) {
    throw plainOnly();
  }

  private static UnsupportedOperationException plainOnly() {
    return new UnsupportedOperationException("the reference keeps its KV plain: it serves nobody");
  }

  @Override
  public long residueBytes(int blockId) {
    long bytes = 0;
    for (double[][] layer : pool[blockId]) {
      for (double[] slot : layer) {
        for (double value : slot) {
          for (long bits = Double.doubleToRawLongBits(value); bits != 0; bits >>>= Byte.SIZE) {
            bytes += (bits & 0xFF) == 0 ? 0 : 1;
          }
        }
      }
    }
    return bytes;
  }

  @Override
  public int loadAdapter(LoraAdapter adapter) {
    return adapters.add(adapter);
  }

  @Override
  public void unloadAdapter(int slot) {
    adapters.remove(slot);
  }

  @Override
  public String kind() {
    return "reference";
  }

  @Override
  public void close() {}
}
