package dev.cofferdam.worker.execution.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.adapter.TinyAdapter;
import dev.cofferdam.worker.execution.Conversation;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.execution.reference.ReferenceExecutor;
import dev.cofferdam.worker.model.ElementType;
import dev.cofferdam.worker.model.LayerTensor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.TinyModel;
import dev.cofferdam.worker.model.ValuesTensor;
import dev.cofferdam.worker.model.WeightTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sequences of the base model and of several adapters in the same steps. */
class MultiLoraTest {
  private static final int ADAPTERS = 3;
  private static final int SEQUENCES = 6;
  private static final int ROWS = 240;
  private static final int TOKENS = 40;

  @TempDir Path folder;

  static IntStream seeds() {
    return IntStream.range(0, 20);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void agreesWithWeightsThatTheAdapterWasMergedInto(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    TinyModel tiny = TinyModel.random(random);
    ModelWeights model = tiny.write(folder, random);
    ExecutorOptions options = new ExecutorOptions(64, 16, ADAPTERS, SEQUENCES, ROWS);
    List<ReferenceExecutor> merged = new ArrayList<>();
    merged.add(ReferenceExecutor.create(model, options));
    try (CpuExecutor cpu = CpuExecutor.create(model, options)) {
      for (int i = 1; i <= ADAPTERS; i++) {
        ElementType stored = random.nextBoolean() ? ElementType.BF16 : ElementType.F32;
        LoraAdapter adapter = TinyAdapter.random(random).in(stored).read(model.config(), random);
        cpu.loadAdapter(adapter);
        merged.add(ReferenceExecutor.create(merge(model, adapter), options));
      }
      List<Conversation> conversations = new ArrayList<>();
      for (int s = 0; s < SEQUENCES; s++) {
        int[] tokens = Conversation.tokens(random, TOKENS, tiny.vocabularySize());
        int[] blocks = {3 * s, 3 * s + 1, 3 * s + 2};
        conversations.add(new Conversation(tokens, blocks, random.nextInt(ADAPTERS + 1)));
      }
      StepPlan plan = Conversation.plan(SEQUENCES, ROWS);
      StepResult actual = new StepResult(SEQUENCES);
      for (int rows : new int[] {TOKENS - 3, 1, 2}) {
        plan.sequences = 0;
        plan.rows = 0;
        conversations.forEach(conversation -> conversation.appendTo(plan, rows));
        cpu.execute(plan, actual);
        for (int s = 0; s < SEQUENCES; s++) {
          assertClose(
              actual, s, expected(merged, conversations.get(s), rows), tiny.vocabularySize());
        }
      }
    }
    merged.forEach(ReferenceExecutor::close);
  }

  /** What the merged model says of the last rows that a conversation has fed. */
  private static StepResult expected(
      List<ReferenceExecutor> merged, Conversation conversation, int rows) {
    Conversation copy = new Conversation(conversation.tokens, conversation.blocks, 0);
    copy.done = conversation.done - rows;
    StepPlan plan = Conversation.plan(SEQUENCES, ROWS);
    copy.appendTo(plan, rows);
    StepResult result = new StepResult(SEQUENCES);
    merged.get(conversation.adapterSlot).execute(plan, result);
    return result;
  }

  private static void assertClose(StepResult actual, int s, StepResult expected, int vocabulary) {
    float[] a = byToken(actual, s, vocabulary);
    float[] e = byToken(expected, 0, vocabulary);
    for (int token = 0; token < vocabulary; token++) {
      assertThat((double) a[token])
          .isCloseTo(e[token], Offset.offset(1e-4 * (1 + Math.abs(e[token]))));
    }
  }

  private static float[] byToken(StepResult result, int s, int vocabulary) {
    float[] logprobs = new float[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      int at = s * StepResult.TOP_LOGPROBS_MAX + i;
      logprobs[result.topTokenIds[at]] = result.topLogprobs[at];
    }
    return logprobs;
  }

  private static ModelWeights merge(ModelWeights model, LoraAdapter adapter) {
    ModelConfig config = model.config();
    Map<String, WeightTensor> tensors = new HashMap<>();
    for (String name : List.of(ModelWeights.EMBEDDING, ModelWeights.FINAL_NORM)) {
      tensors.put(name, copy(model, name, shape(config, name)));
    }
    if (!config.tiedEmbeddings()) {
      String head = ModelWeights.OUTPUT_HEAD;
      tensors.put(head, copy(model, head, shape(config, head)));
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LayerTensor tensor : LayerTensor.values()) {
        if (tensor.in(config)) {
          String name = tensor.name(layer);
          ValuesTensor values = copy(model, name, tensor.shape(config));
          for (LoraTarget target : LoraTarget.values()) {
            if (target.name().equals(tensor.name())) {
              adapter.module(layer, target).ifPresent(module -> add(values, module, adapter));
            }
          }
          tensors.put(name, values);
        }
      }
    }
    return ModelWeights.of(config, tensors);
  }

  private static long[] shape(ModelConfig config, String name) {
    return name.equals(ModelWeights.FINAL_NORM)
        ? new long[] {config.hidden()}
        : new long[] {config.vocabularySize(), config.hidden()};
  }

  private static ValuesTensor copy(ModelWeights model, String name, long[] shape) {
    return new ValuesTensor(model.read(name), Arrays.stream(shape).boxed().toList());
  }

  private static void add(ValuesTensor weights, LoraAdapter.Module module, LoraAdapter adapter) {
    int inputs = weights.shape().get(1).intValue();
    int rank = adapter.rank();
    for (int o = 0; o < weights.shape().get(0); o++) {
      for (int i = 0; i < inputs; i++) {
        double product = 0;
        for (int r = 0; r < rank; r++) {
          product += (double) module.b()[o * rank + r] * module.a()[r * inputs + i];
        }
        weights.values()[o * inputs + i] += (float) (adapter.scale() * product);
      }
    }
  }
}
