package dev.cofferdam.worker.execution.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.adapter.TinyAdapter;
import dev.cofferdam.worker.execution.Conversation;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.reference.ReferenceExecutor;
import dev.cofferdam.worker.model.ElementType;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CpuExecutorTest {
  private static final int BLOCKS = 96;
  private static final int SEQUENCES = 4;
  private static final int ROWS = 80;

  @TempDir Path folder;

  static IntStream seeds() {
    return IntStream.range(0, 40);
  }

  /** Java's, and in every second case native ones where they are usable. */
  private static KernelChoice kernels(int seed) {
    return seed % 2 == 0 ? KernelChoice.JAVA : KernelChoice.AUTO;
  }

  /** Random geometry, adapters, chunking and block tables, both executors in the same steps. */
  @ParameterizedTest
  @MethodSource("seeds")
  void agreesWithTheReferenceInDoublePrecision(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    TinyModel tiny = TinyModel.random(random);
    ModelWeights model = tiny.write(folder, random);
    ExecutorOptions options =
        new ExecutorOptions(BLOCKS, 4 * random.nextInt(1, 6), 3, SEQUENCES, ROWS)
            .withWeights(model.bf16() ? WeightType.BF16 : WeightType.F32)
            .withKv(KvType.values()[seed / 2 % 2])
            .withKernels(kernels(seed));
    try (CpuExecutor cpu = CpuExecutor.create(model, options);
        ReferenceExecutor reference = ReferenceExecutor.create(model, options)) {
      for (int i = 1; i <= 3; i++) {
        ElementType stored = model.bf16() || i == 1 ? ElementType.BF16 : ElementType.F32;
        LoraAdapter adapter = TinyAdapter.random(random).in(stored).read(model.config(), random);
        assertThat(cpu.loadAdapter(adapter)).isEqualTo(i);
        assertThat(reference.loadAdapter(adapter)).isEqualTo(i);
      }
      List<Conversation> conversations =
          conversations(random, tiny.vocabularySize(), options.blockTokens());
      StepPlan plan = Conversation.plan(SEQUENCES, ROWS);
      StepResult actual = new StepResult(SEQUENCES);
      StepResult expected = new StepResult(SEQUENCES);
      while (fill(plan, conversations, random)) {
        cpu.execute(plan, actual);
        reference.execute(plan, expected);
        for (int s = 0; s < plan.sequences; s++) {
          double error = options.kv() == KvType.F32 ? 1e-4 : 1e-2;
          assertClose(actual, expected, s, tiny.vocabularySize(), error);
        }
      }
    }
  }

  private static List<Conversation> conversations(
      SplittableRandom random, int vocabulary, int blockTokens) {
    List<Integer> free = new ArrayList<>(IntStream.range(0, BLOCKS).boxed().toList());
    Collections.shuffle(free, new Random(random.nextLong()));
    List<Conversation> conversations = new ArrayList<>();
    for (int s = 0; s < SEQUENCES; s++) {
      int[] tokens = Conversation.tokens(random, random.nextInt(1, 60), vocabulary);
      int[] blocks = new int[(tokens.length + blockTokens - 1) / blockTokens];
      for (int i = 0; i < blocks.length; i++) {
        blocks[i] = free.removeLast();
      }
      conversations.add(new Conversation(tokens, blocks, random.nextInt(4)));
    }
    return conversations;
  }

  private static boolean fill(
      StepPlan plan, List<Conversation> conversations, SplittableRandom random) {
    plan.sequences = 0;
    plan.rows = 0;
    for (Conversation conversation : conversations) {
      int left = conversation.tokens.length - conversation.done;
      if (left > 0 && random.nextInt(4) != 0) {
        conversation.appendTo(plan, random.nextInt(1, Math.min(left, ROWS / SEQUENCES) + 1));
      }
    }
    return conversations.stream().anyMatch(c -> c.done < c.tokens.length) || plan.sequences > 0;
  }

  /** The vocabulary is small enough for the alternatives to hold all of it. */
  private static void assertClose(
      StepResult actual, StepResult expected, int s, int vocabulary, double error) {
    float[] a = byToken(actual, s, vocabulary);
    float[] e = byToken(expected, s, vocabulary);
    assertThat(actual.notFinite[s]).isFalse();
    for (int token = 0; token < vocabulary; token++) {
      assertThat((double) a[token])
          .isCloseTo(e[token], Offset.offset(error * (1 + Math.abs(e[token]))));
    }
  }

  private static float[] byToken(StepResult result, int s, int vocabulary) {
    float[] logprobs = new float[vocabulary];
    Arrays.fill(logprobs, Float.NaN);
    for (int i = 0; i < vocabulary; i++) {
      int at = s * StepResult.TOP_LOGPROBS_MAX + i;
      logprobs[result.topTokenIds[at]] = result.topLogprobs[at];
    }
    return logprobs;
  }

  /**
   * Each conversation alone and token by token, and all together in random chunks over other
   * blocks.
   */
  @ParameterizedTest
  @MethodSource("seeds")
  void givesBitwiseTheSameLogitsInAnyBatchAndChunking(int seed) {
    SplittableRandom random = new SplittableRandom(1000 + seed);
    // Every fourth has the geometry of real models, for which there are kernels of their own.
    boolean wide = seed % 4 == 2;
    TinyModel any = TinyModel.random(random);
    TinyModel tiny = wide ? any.withHeadDimension(64) : any;
    ModelWeights model = tiny.write(folder, random);
    int blockTokens = wide ? 16 : 4 * random.nextInt(1, 6);
    ExecutorOptions options =
        new ExecutorOptions(BLOCKS, blockTokens, 3, SEQUENCES, ROWS)
            .withWeights(WeightType.values()[random.nextInt(3)])
            .withKv(KvType.values()[seed / 2 % 2])
            .withKernels(kernels(seed));
    try (CpuExecutor executor = CpuExecutor.create(model, options)) {
      for (int i = 1; i <= 3; i++) {
        executor.loadAdapter(TinyAdapter.random(random).read(model.config(), random));
      }
      List<Conversation> together = conversations(random, tiny.vocabularySize(), blockTokens);
      int[][][] seen = new int[SEQUENCES][][];
      for (int c = 0; c < SEQUENCES; c++) {
        seen[c] = alone(executor, together.get(c), tiny.vocabularySize());
      }
      StepPlan plan = Conversation.plan(SEQUENCES, ROWS);
      StepResult result = new StepResult(SEQUENCES);
      while (fill(plan, together, random)) {
        executor.execute(plan, result);
        for (int s = 0; s < plan.sequences; s++) {
          int c = indexOf(together, plan, s);
          int position = plan.positions[plan.rowStart[s + 1] - 1];
          assertThat(bits(executor, s, tiny.vocabularySize())).isEqualTo(seen[c][position]);
        }
      }
    }
  }

  private static int indexOf(List<Conversation> conversations, StepPlan plan, int s) {
    for (int c = 0; c < conversations.size(); c++) {
      if (conversations.get(c).blocks[0] == plan.blockTable[plan.blockStart[s]]) {
        return c;
      }
    }
    throw new AssertionError("a sequence of no conversation");
  }

  private static int[][] alone(CpuExecutor executor, Conversation conversation, int vocabulary) {
    int[] reversed = new int[conversation.blocks.length];
    for (int i = 0; i < reversed.length; i++) {
      reversed[i] = conversation.blocks[reversed.length - 1 - i];
    }
    Conversation copy = new Conversation(conversation.tokens, reversed, conversation.adapterSlot);
    int[][] logits = new int[copy.tokens.length][];
    StepPlan plan = Conversation.plan(1, 1);
    StepResult result = new StepResult(1);
    for (int position = 0; position < logits.length; position++) {
      plan.sequences = 0;
      plan.rows = 0;
      copy.appendTo(plan, 1);
      executor.execute(plan, result);
      logits[position] = bits(executor, 0, vocabulary);
    }
    return logits;
  }

  private static int[] bits(CpuExecutor executor, int s, int vocabulary) {
    return IntStream.range(0, vocabulary)
        .map(t -> Float.floatToIntBits(executor.logit(s, t)))
        .toArray();
  }

  @Test
  void reportsLogitsThatAreNotFiniteAndLeavesOtherSequencesAlone() {
    SplittableRandom random = new SplittableRandom(7);
    TinyModel tiny = TinyModel.llama();
    ModelWeights model = tiny.write(folder, random);
    ExecutorOptions options = new ExecutorOptions(8, 16, 1, 2, 16);
    try (CpuExecutor executor = CpuExecutor.create(model, options)) {
      int slot = executor.loadAdapter(overflowing(model));
      StepPlan plan = Conversation.plan(2, 16);
      int[] tokens = Conversation.tokens(random, 5, 20);
      new Conversation(tokens, new int[] {0}, 0).appendTo(plan, 5);
      new Conversation(tokens, new int[] {1}, slot).appendTo(plan, 5);
      StepResult result = new StepResult(2);
      executor.execute(plan, result);
      assertThat(result.notFinite).containsExactly(false, true);

      int[] before = bits(executor, 0, 20);
      StepPlan alone = Conversation.plan(1, 16);
      new Conversation(tokens, new int[] {0}, 0).appendTo(alone, 5);
      executor.execute(alone, result);
      assertThat(bits(executor, 0, 20)).isEqualTo(before);
    }
  }

  private static LoraAdapter overflowing(ModelWeights model) {
    var module = new LoraAdapter.Module(new float[48], new float[48]);
    Arrays.fill(module.a(), 1e30f);
    Arrays.fill(module.b(), 1e30f);
    var target = LoraTarget.QUERY;
    return new LoraAdapter(
        "huge", "0", 1, 1, Collections.nCopies(model.config().layers(), Map.of(target, module)));
  }

  @Test
  void zeroesWholeBlocksAndCountsWhatIsLeft() {
    SplittableRandom random = new SplittableRandom(8);
    ModelWeights model = TinyModel.llama().write(folder, random);
    ExecutorOptions options = new ExecutorOptions(4, 4, 0, 1, 16);
    try (CpuExecutor executor = CpuExecutor.create(model, options)) {
      StepPlan plan = Conversation.plan(1, 16);
      new Conversation(Conversation.tokens(random, 6, 20), new int[] {2, 0}, 0).appendTo(plan, 6);
      executor.execute(plan, new StepResult(1));
      assertThat(executor.residueBytes(2))
          .isPositive()
          .isLessThanOrEqualTo(executor.geometry().blockBytes());
      assertThat(executor.residueBytes(0)).isPositive();
      assertThat(executor.residueBytes(1)).isZero();
      executor.zeroBlocks(new int[] {2, 0, 1}, 2);
      assertThat(executor.residueBytes(2)).isZero();
      assertThat(executor.residueBytes(0)).isZero();
      assertThat(executor.geometry().blockBytes()).isEqualTo(2 * 2 * 24 * 4 * 4);
    }
  }

  @Test
  void refusesASlotWithoutAnAdapter() {
    ModelWeights model = TinyModel.llama().write(folder, new SplittableRandom(9));
    try (CpuExecutor executor = CpuExecutor.create(model, new ExecutorOptions(4, 4, 1, 1, 4))) {
      StepPlan plan = Conversation.plan(1, 4);
      new Conversation(new int[] {1}, new int[] {0}, 1).appendTo(plan, 1);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> executor.execute(plan, new StepResult(1)))
          .withMessage("step plan: adapterSlot");
      assertThat(executor.residueBytes(0)).isZero();
    }
  }

  @Test
  void warmingUpLeavesNeitherResidueNorAdapters() {
    ModelWeights model = TinyModel.llama().write(folder, new SplittableRandom(10));
    try (CpuExecutor executor = CpuExecutor.create(model, new ExecutorOptions(5, 8, 1, 3, 20))) {
      executor.warmUp();
      for (int block = 0; block < 5; block++) {
        assertThat(executor.residueBytes(block)).isZero();
      }
      assertThat(executor.loadAdapter(overflowing(model))).isEqualTo(1);
    }
  }

  @Test
  void refusesMoreAdaptersThanSlotsAndFreesTheSlotOfAnUnloadedOne() {
    ModelWeights model = TinyModel.llama().write(folder, new SplittableRandom(11));
    try (CpuExecutor executor = CpuExecutor.create(model, new ExecutorOptions(2, 4, 2, 1, 4))) {
      LoraAdapter adapter = overflowing(model);
      assertThat(executor.loadAdapter(adapter)).isEqualTo(1);
      assertThat(executor.loadAdapter(adapter)).isEqualTo(2);
      assertThatIllegalStateException()
          .isThrownBy(() -> executor.loadAdapter(adapter))
          .withMessage("all 2 adapter slots are taken");
      executor.unloadAdapter(1);
      assertThat(executor.loadAdapter(adapter)).isEqualTo(1);
      assertThatIllegalArgumentException().isThrownBy(() -> executor.unloadAdapter(3));
    }
  }

  @Test
  void refusesByNameWhatOnlyDevicesHave() {
    ModelWeights model = TinyModel.llama().write(folder, new SplittableRandom(12));
    ExecutorOptions options = new ExecutorOptions(2, 4, 0, 1, 4);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CpuExecutor.create(model, options.withWeights(WeightType.FP8)).close())
        .withMessageContaining("weights: fp8")
        .withMessageContaining("expected: f32, bf16 or int8");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CpuExecutor.create(model, options.withKv(KvType.FP8)).close())
        .withMessageContaining("kv: fp8")
        .withMessageContaining("expected: f32 or bf16");
  }
}
