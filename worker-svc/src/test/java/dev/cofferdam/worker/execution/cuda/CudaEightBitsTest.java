package dev.cofferdam.worker.execution.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.Conversation;
import dev.cofferdam.worker.execution.EightBits;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.Fp8;
import dev.cofferdam.worker.execution.Golden;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.RelativeError;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cpu.CpuExecutor;
import dev.cofferdam.worker.execution.reference.ReferenceExecutor;
import dev.cofferdam.worker.model.LayerTensor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.TinyModel;
import dev.cofferdam.worker.model.ValuesTensor;
import dev.cofferdam.worker.model.WeightTensor;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole steps with weights, keys and values in eight bits, on a driver's double. */
class CudaEightBitsTest extends OnFakeDevice {
  private static final int BLOCKS = 16;

  private static ExecutorOptions options(WeightType weights, KvType kv) {
    return new ExecutorOptions(BLOCKS, 16, 0, 2, 64).withWeights(weights).withKv(kv);
  }

  /** The reference has the weights that eight bits leave: only roundings to BF16 are between. */
  @ParameterizedTest
  @CsvSource({"1, INT8, BF16", "2, FP8, BF16", "3, BF16, FP8", "4, FP8, FP8", "5, INT8, FP8"})
  void agreesWithDoublePrecisionOnWhatIsKept(int seed, WeightType weights, KvType kv) {
    SplittableRandom random = new SplittableRandom(seed);
    TinyModel tiny = TinyModel.random(random).forDevice();
    ModelWeights model = tiny.write(folder, random);
    int[] tokens = Conversation.tokens(random, 45, tiny.vocabularySize());
    RelativeError error = new RelativeError();
    try (CudaExecutor cuda = CudaExecutor.create(device, model, options(weights, kv));
        ReferenceExecutor reference =
            ReferenceExecutor.create(kept(model, weights), options(weights, kv))) {
      Conversation conversation = new Conversation(tokens, new int[] {7, 2, 9}, 0);
      StepPlan plan = Conversation.plan(2, 64);
      for (int count : new int[] {1, 30, 13, 1}) {
        plan.sequences = 0;
        plan.rows = 0;
        conversation.appendTo(plan, count);
        cuda.execute(plan, new StepResult(2));
        reference.execute(plan, new StepResult(2));
        float[] logits = cuda.logits(0);
        for (int token = 0; token < logits.length; token++) {
          error.add(logits[token], reference.logit(token));
        }
      }
    }
    // A number that is rounded to the other of two neighbours of eight bits differs by an eighth.
    assertThat(error.value()).isBetween(1e-6, kv == KvType.FP8 ? 6e-2 : 2e-2);
  }

  /** The model with the weights that eight bits leave. */
  private static ModelWeights kept(ModelWeights model, WeightType type) {
    if (type == WeightType.BF16) {
      return model;
    }
    ModelConfig config = model.config();
    Map<String, WeightTensor> tensors = new HashMap<>();
    long[] table = {config.vocabularySize(), config.hidden()};
    tensors.put(ModelWeights.EMBEDDING, kept(model, ModelWeights.EMBEDDING, type, table));
    if (!config.tiedEmbeddings()) {
      tensors.put(
          ModelWeights.EMBEDDING, kept(model, ModelWeights.EMBEDDING, WeightType.BF16, table));
      tensors.put(ModelWeights.OUTPUT_HEAD, kept(model, ModelWeights.OUTPUT_HEAD, type, table));
    }
    tensors.put(
        ModelWeights.FINAL_NORM, kept(model, ModelWeights.FINAL_NORM, type, config.hidden()));
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LayerTensor tensor : LayerTensor.values()) {
        if (tensor.in(config)) {
          String name = tensor.name(layer);
          tensors.put(name, kept(model, name, type, tensor.shape(config)));
        }
      }
    }
    return ModelWeights.of(config, tensors);
  }

  private static WeightTensor kept(
      ModelWeights model, String name, WeightType type, long... shape) {
    float[] values = model.read(name);
    if (shape.length == 2 && type != WeightType.BF16) {
      int inputs = (int) shape[1];
      byte[] codes = new byte[values.length];
      for (int from = 0; from < values.length; from += inputs) {
        float scale = EightBits.quantise(type, values, from, inputs, codes, from);
        for (int i = from; i < from + inputs; i++) {
          values[i] = scale * (type == WeightType.INT8 ? codes[i] : Fp8.decode(codes[i]));
        }
      }
    }
    return new ValuesTensor(values, Arrays.stream(shape).boxed().toList());
  }

  @Test
  void quantisesWeightsAsTheProcessorDoes() {
    SplittableRandom random = new SplittableRandom(9);
    TinyModel tiny = TinyModel.llama().forDevice();
    ModelWeights model = tiny.write(folder, random);
    int[] tokens = Conversation.tokens(random, 20, tiny.vocabularySize());
    ExecutorOptions options = options(WeightType.INT8, KvType.BF16);
    try (CudaExecutor cuda = CudaExecutor.create(device, model, options);
        CpuExecutor cpu = CpuExecutor.create(model, options)) {
      StepPlan plan = Conversation.plan(2, 64);
      new Conversation(tokens, new int[] {0, 1}, 0).appendTo(plan, tokens.length);
      cuda.execute(plan, new StepResult(2));
      cpu.execute(plan, new StepResult(2));
      RelativeError error = new RelativeError();
      float[] logits = cuda.logits(0);
      for (int token = 0; token < logits.length; token++) {
        error.add(logits[token], cpu.logit(0, token));
      }
      assertThat(error.value()).isLessThan(2e-2);
    }
  }

  @ParameterizedTest
  @CsvSource({"INT8, BF16", "FP8, BF16", "INT8, FP8"})
  void goesOnWithTheTextOfTheTrainingFramework(WeightType weights, KvType kv) {
    Golden golden =
        Golden.all().stream()
            .filter(each -> each.model().endsWith("support-desk") && each.ids().length < 64)
            .findFirst()
            .orElseThrow();
    ModelWeights model = ModelWeights.load(golden.model());
    try (CudaExecutor executor =
        CudaExecutor.create(
            device, model, new ExecutorOptions(8, 16, 1, 1, 64).withWeights(weights).withKv(kv))) {
      int slot = golden.readAdapter(model.config()).map(executor::loadAdapter).orElse(0);
      Conversation conversation =
          new Conversation(golden.tokens(), IntStream.range(0, 8).toArray(), slot);
      StepPlan plan = Conversation.plan(1, 64);
      StepResult result = new StepResult(1);
      conversation.appendTo(plan, golden.ids().length);
      executor.execute(plan, result);
      float[] logits = executor.logits(0);
      RelativeError error = new RelativeError();
      for (int token = 0; token < logits.length; token++) {
        error.add(logits[token], golden.logits()[token]);
      }
      assertThat(error.value()).isBetween(1e-4, weights == WeightType.FP8 ? 0.1 : 0.05);
      for (int i = 0; i < Math.min(8, golden.greedy().length); i++) {
        assertThat(result.tokenId[0]).isEqualTo(golden.greedy()[i]);
        plan.sequences = 0;
        plan.rows = 0;
        conversation.appendTo(plan, 1);
        executor.execute(plan, result);
      }
    }
  }

  @Test
  void theBitsOfARowDoNotDependOnChunksOrBlocks() {
    SplittableRandom random = new SplittableRandom(1);
    TinyModel tiny = TinyModel.llama().forDevice();
    int[] tokens = Conversation.tokens(random, 40, tiny.vocabularySize());
    try (CudaExecutor executor =
        CudaExecutor.create(
            device, tiny.write(folder, random), options(WeightType.INT8, KvType.FP8))) {
      run(executor, tokens, new int[] {0, 1, 2}, 40);
      float[] expected = executor.logits(0);
      run(executor, tokens, new int[] {9, 4, 7}, 11);
      assertThat(executor.logits(0)).isEqualTo(expected);
    }
  }

  private static void run(CudaExecutor executor, int[] tokens, int[] blocks, int chunk) {
    Conversation conversation = new Conversation(tokens, blocks, 0);
    StepPlan plan = Conversation.plan(2, 64);
    while (conversation.done < tokens.length) {
      plan.sequences = 0;
      plan.rows = 0;
      conversation.appendTo(plan, Math.min(chunk, tokens.length - conversation.done));
      executor.execute(plan, new StepResult(2));
    }
  }

  /** A block of eight bits with its scales: nothing of it stays, and a seal covers all of it. */
  @Test
  void scalesAreZeroedSealedAndMovedWithTheirBlock() {
    SplittableRandom random = new SplittableRandom(2);
    TinyModel tiny = TinyModel.llama().forDevice();
    int[] tokens = Conversation.tokens(random, 32, tiny.vocabularySize());
    BlockKey key = BlockKey.random(new SecureRandom());
    try (CudaExecutor executor =
        CudaExecutor.create(
            device, tiny.write(folder, random), options(WeightType.BF16, KvType.FP8))) {
      int heads = 2 * tiny.layers() * tiny.kvHeads();
      long blockBytes = executor.geometry().blockBytes();
      assertThat(blockBytes).isEqualTo(heads * 16L * (tiny.headDimension() + 2));
      run(executor, tokens, new int[] {3, 5}, 32);
      byte[] plain = executor.exportSealed(3); // as it lies in memory
      int lastScale = (int) blockBytes - 2;
      assertThat(plain[lastScale] | plain[lastScale + 1]).as("the last token's").isNotZero();
      executor.sealBlock(3, key, 11);
      byte[] sealed = executor.exportSealed(3);
      byte[] broken = sealed.clone();
      broken[lastScale] ^= 1;
      assertThat(executor.importBlock(6, key, 11, broken)).isFalse();
      assertThat(executor.residueBytes(6)).isZero();
      assertThat(executor.importBlock(6, key, 11, sealed)).isTrue();
      assertThat(executor.exportSealed(6)).isEqualTo(plain);
      executor.zeroBlocks(new int[] {6, 3, 5}, 3);
      for (int block = 0; block < BLOCKS; block++) {
        assertThat(executor.residueBytes(block)).isZero();
      }
    }
  }
}
