package dev.cofferdam.worker.execution.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.TinyAdapter;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.Conversation;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.Golden;
import dev.cofferdam.worker.execution.HiddenSum;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.RelativeError;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.reference.ReferenceExecutor;
import dev.cofferdam.worker.generation.Penalties;
import dev.cofferdam.worker.generation.Sampler;
import dev.cofferdam.worker.model.ElementType;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.TinyModel;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole steps on a driver's double, whose kernels run on the CPU. */
class CudaExecutorTest extends OnFakeDevice {
  private static final int BLOCKS = 48;
  private static final int BLOCK_TOKENS = 16;
  private static final int SEQUENCES = 4;
  private static final int ROWS = 80;

  private static ExecutorOptions options() {
    return new ExecutorOptions(BLOCKS, BLOCK_TOKENS, 3, SEQUENCES, ROWS)
        .withWeights(WeightType.BF16);
  }

  static IntStream seeds() {
    return IntStream.range(0, 6);
  }

  /** Random geometry, adapters, chunking and block tables, both executors in the same steps. */
  @ParameterizedTest
  @MethodSource("seeds")
  void agreesWithTheReferenceInDoublePrecision(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    TinyModel tiny = TinyModel.random(random).forDevice();
    ModelWeights model = tiny.write(folder, random);
    RelativeError error = new RelativeError();
    try (CudaExecutor cuda = CudaExecutor.create(device, model, options());
        ReferenceExecutor reference = ReferenceExecutor.create(model, options())) {
      for (int i = 1; i <= 3; i++) {
        LoraAdapter adapter =
            TinyAdapter.random(random).in(ElementType.BF16).read(model.config(), random);
        assertThat(cuda.loadAdapter(adapter)).isEqualTo(i);
        assertThat(reference.loadAdapter(adapter)).isEqualTo(i);
      }
      List<Conversation> conversations = conversations(random, tiny.vocabularySize());
      StepPlan plan = Conversation.plan(SEQUENCES, ROWS);
      StepResult actual = new StepResult(SEQUENCES);
      StepResult expected = new StepResult(SEQUENCES);
      while (fill(plan, conversations, random)) {
        cuda.execute(plan, actual);
        reference.execute(plan, expected);
        for (int s = 0; s < plan.sequences; s++) {
          float[] a = byToken(actual, s, tiny.vocabularySize());
          float[] b = byToken(expected, s, tiny.vocabularySize());
          for (int token = 0; token < a.length; token++) {
            error.add(a[token], b[token]);
          }
        }
      }
    }
    assertThat(error.value()).isBetween(1e-6, 2e-2);
  }

  private static List<Conversation> conversations(SplittableRandom random, int vocabulary) {
    List<Integer> free = new ArrayList<>(IntStream.range(0, BLOCKS).boxed().toList());
    Collections.shuffle(free, new Random(random.nextLong()));
    List<Conversation> conversations = new ArrayList<>();
    for (int s = 0; s < SEQUENCES; s++) {
      int[] tokens = Conversation.tokens(random, random.nextInt(1, 60), vocabulary);
      int[] blocks = new int[(tokens.length + BLOCK_TOKENS - 1) / BLOCK_TOKENS];
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

  /** Log-probabilities of all tokens: the alternatives hold the whole vocabulary. */
  private static float[] byToken(StepResult result, int s, int vocabulary) {
    float[] values = new float[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      int at = s * StepResult.TOP_LOGPROBS_MAX + i;
      values[result.topTokenIds[at]] = result.topLogprobs[at];
    }
    return values;
  }

  /** A model that everything below computes with. */
  private CudaExecutor executor(ExecutorOptions options) {
    return CudaExecutor.create(device, tiny().write(folder, new SplittableRandom(7)), options);
  }

  private static TinyModel tiny() {
    return TinyModel.llama().forDevice();
  }

  private static float[] alone(CudaExecutor executor, int[] tokens, int[] blocks, int chunk) {
    Conversation conversation = new Conversation(tokens, blocks, 0);
    StepPlan plan = Conversation.plan(SEQUENCES, ROWS);
    while (conversation.done < tokens.length) {
      plan.sequences = 0;
      plan.rows = 0;
      conversation.appendTo(plan, Math.min(chunk, tokens.length - conversation.done));
      executor.execute(plan, new StepResult(SEQUENCES));
    }
    return executor.logits(0);
  }

  @Test
  void theBitsOfARowDependNeitherOnChunksNorOnNeighboursNorOnBlocks() {
    SplittableRandom random = new SplittableRandom(1);
    int[] tokens = Conversation.tokens(random, 75, tiny().vocabularySize());
    try (CudaExecutor executor = executor(options())) {
      float[] expected = alone(executor, tokens, new int[] {0, 1, 2, 3, 4}, ROWS);
      assertThat(alone(executor, tokens, new int[] {9, 8, 17, 6, 5}, 1)).isEqualTo(expected);
      assertThat(alone(executor, tokens, new int[] {9, 8, 7, 6, 5}, 13)).isEqualTo(expected);
      Conversation whole = new Conversation(tokens, new int[] {20, 21, 22, 23, 24}, 0);
      Conversation other =
          new Conversation(
              Conversation.tokens(random, 60, tiny().vocabularySize()),
              new int[] {30, 31, 32, 33},
              0);
      StepPlan plan = Conversation.plan(SEQUENCES, ROWS);
      other.appendTo(plan, 30);
      whole.appendTo(plan, 50);
      executor.execute(plan, new StepResult(SEQUENCES));
      plan.sequences = 0;
      plan.rows = 0;
      other.appendTo(plan, 7);
      whole.appendTo(plan, 25);
      executor.execute(plan, new StepResult(SEQUENCES));
      assertThat(executor.logits(1)).isEqualTo(expected);
    }
  }

  @Test
  void aContextOfSeveralSplitsAgreesWithTheReference() {
    SplittableRandom random = new SplittableRandom(2);
    TinyModel tiny = tiny();
    ModelWeights model =
        new TinyModel(
                tiny.type(),
                tiny.vocabularySize(),
                32,
                32,
                1,
                4,
                2,
                16,
                2048,
                true,
                false,
                tiny.ropeParameters(),
                ElementType.BF16)
            .write(folder, random);
    ExecutorOptions options =
        new ExecutorOptions(80, BLOCK_TOKENS, 0, 2, 640).withWeights(WeightType.BF16);
    int[] tokens = Conversation.tokens(random, 1201, tiny.vocabularySize());
    int[] blocks = IntStream.range(0, 76).toArray();
    try (CudaExecutor cuda = CudaExecutor.create(device, model, options);
        ReferenceExecutor reference = ReferenceExecutor.create(model, options)) {
      Conversation conversation = new Conversation(tokens, blocks, 0);
      StepPlan plan = new StepPlan(2, 640, 80);
      StepResult result = new StepResult(2);
      for (int count : new int[] {600, 600, 1}) {
        plan.sequences = 0;
        plan.rows = 0;
        conversation.appendTo(plan, count);
        cuda.execute(plan, result);
        reference.execute(plan, new StepResult(2));
      }
      RelativeError error = new RelativeError();
      float[] logits = cuda.logits(0);
      for (int token = 0; token < logits.length; token++) {
        error.add(logits[token], reference.logit(token));
      }
      assertThat(error.value()).isLessThan(2e-2);
    }
  }

  static Stream<Golden> goldens() {
    return Golden.all().stream()
        .filter(golden -> golden.model().endsWith("support-desk") && golden.ids().length < 64);
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void givesTheLogitsAndTheContinuationOfTheTrainingFramework(Golden golden) {
    ModelWeights model = ModelWeights.load(golden.model());
    try (CudaExecutor executor =
        CudaExecutor.create(
            device,
            model,
            new ExecutorOptions(8, BLOCK_TOKENS, 1, 1, 64).withWeights(WeightType.BF16))) {
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
      assertThat(error.value()).isBetween(1e-5, 2e-2);
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
  void samplesWhatTheHostsSamplerWouldFromTheSameLogits() {
    SplittableRandom random = new SplittableRandom(3);
    int vocabulary = tiny().vocabularySize();
    Sampler sampler = new Sampler(vocabulary);
    try (CudaExecutor executor = executor(options())) {
      for (int round = 0; round < 40; round++) {
        StepPlan plan = Conversation.plan(1, ROWS);
        int[] tokens = Conversation.tokens(random, 3, vocabulary);
        new Conversation(tokens, new int[] {round % BLOCKS}, 0).appendTo(plan, 3);
        plan.temperature[0] = random.nextInt(4) == 0 ? 0 : 0.2f + random.nextFloat();
        plan.topK[0] = random.nextInt(3) == 0 ? 0 : random.nextInt(1, vocabulary);
        plan.topP[0] = random.nextInt(3) == 0 ? 1 : 0.3f + 0.7f * random.nextFloat();
        plan.minP[0] = random.nextInt(3) == 0 ? 0.05f : 0;
        plan.seed[0] = random.nextLong();
        plan.outputIndex[0] = round;
        StepResult result = new StepResult(1);
        executor.execute(plan, result);
        assertThat(result.notFinite[0]).isFalse();
        assertThat(result.tokenId[0])
            .isEqualTo(
                sampler.sample(
                    executor.logits(0),
                    0,
                    plan.temperature[0],
                    plan.topK[0],
                    plan.topP[0],
                    plan.minP[0],
                    plan.seed[0],
                    plan.outputIndex[0]));
        executor.zeroBlocks(new int[] {round % BLOCKS}, 1);
      }
    }
  }

  @Test
  void penaltiesKeepATokenFromComingAgain() {
    try (CudaExecutor executor = executor(options())) {
      StepPlan plan = Conversation.plan(1, ROWS);
      StepResult result = new StepResult(1);
      new Conversation(new int[] {3, 4}, new int[] {0}, 0).appendTo(plan, 2);
      executor.execute(plan, result);
      int likeliest = result.tokenId[0];
      plan.penalties[0] = new Penalties(1, 2, 2);
      int[] history = new int[200];
      Arrays.fill(history, likeliest);
      plan.history[0] = history;
      plan.historyLength[0] = history.length;
      plan.promptLength[0] = 0;
      executor.execute(plan, result);
      assertThat(result.tokenId[0]).isNotEqualTo(likeliest);
      assertThat(result.topTokenIds[0])
          .as("of the model, penalties left aside")
          .isEqualTo(likeliest);
    }
  }

  @Test
  void anAdapterThatWasUnloadedIsNotCopiedAgainAndThoseBeyondTheSlotsAreForgotten() {
    ModelWeights model = tiny().write(folder, new SplittableRandom(7));
    SplittableRandom random = new SplittableRandom(8);
    List<LoraAdapter> adapters = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      adapters.add(TinyAdapter.random(random).in(ElementType.BF16).read(model.config(), random));
    }
    try (CudaExecutor executor = CudaExecutor.create(device, model, options())) {
      long before = FakeDriver.live();
      adapters.forEach(executor::prepare);
      assertThat(FakeDriver.live()).as("as many as slots").isEqualTo(before + 3);
      int slot = executor.loadAdapter(adapters.getLast());
      assertThat(FakeDriver.live()).as("it was there").isEqualTo(before + 3);
      executor.unloadAdapter(slot);
      assertThat(executor.loadAdapter(adapters.getLast())).isEqualTo(slot);
      assertThat(executor.loadAdapter(adapters.getFirst())).isNotEqualTo(slot);
      assertThat(FakeDriver.live()).isEqualTo(before + 4);
    }
  }

  @Test
  void oneThatWasForgottenIsPreparedAgainAndOneThatIsInASlotIsNot() {
    ModelWeights model = tiny().write(folder, new SplittableRandom(7));
    SplittableRandom random = new SplittableRandom(8);
    List<LoraAdapter> adapters = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      adapters.add(TinyAdapter.random(random).in(ElementType.BF16).read(model.config(), random));
    }
    try (CudaExecutor executor = CudaExecutor.create(device, model, options())) {
      adapters.forEach(executor::prepare); // the first is forgotten
      int slot = executor.loadAdapter(adapters.get(3));
      long calls = FakeDriver.calls();
      executor.prepare(adapters.get(3));
      assertThat(FakeDriver.calls()).as("it is in a slot").isEqualTo(calls);
      executor.prepare(adapters.get(0));
      long loading = FakeDriver.calls();
      assertThat(loading).as("it is copied").isGreaterThan(calls);
      assertThat(executor.loadAdapter(adapters.get(0))).isNotEqualTo(slot);
      assertThat(FakeDriver.calls() - loading).as("its place in the table").isEqualTo(2);
    }
  }

  @Test
  void zeroedBlocksHoldNothing() {
    int[] tokens = Conversation.tokens(new SplittableRandom(4), 40, tiny().vocabularySize());
    try (CudaExecutor executor = executor(options())) {
      alone(executor, tokens, new int[] {5, 3, 8}, ROWS);
      assertThat(executor.residueBytes(3)).isPositive();
      executor.zeroBlocks(new int[] {5, 3, 8}, 3);
      for (int block = 0; block < BLOCKS; block++) {
        assertThat(executor.residueBytes(block)).isZero();
      }
    }
  }

  @Test
  void sealedBlocksOpenToTheSameBitsUnderTheirOwnKeyAndNumberOnly() {
    int[] tokens = Conversation.tokens(new SplittableRandom(5), 32, tiny().vocabularySize());
    BlockKey key = BlockKey.random(new SecureRandom());
    BlockKey other = BlockKey.random(new SecureRandom());
    try (CudaExecutor executor = executor(options())) {
      alone(executor, tokens, new int[] {0, 1}, ROWS);
      byte[] plain = executor.exportSealed(0); // as it lies in memory
      executor.sealBlock(0, key, 11);
      byte[] sealed = executor.exportSealed(0);
      assertThat(sealed).isNotEqualTo(plain);
      assertThat(executor.openBlock(0, key, 11)).isTrue();
      assertThat(executor.exportSealed(0)).isEqualTo(plain);
      byte[] exported = executor.exportBlock(0, key, 12);
      assertThat(executor.importBlock(7, key, 12, exported)).isTrue();
      assertThat(executor.exportSealed(7)).isEqualTo(plain);
      assertThat(executor.importBlock(7, key, 13, exported)).isFalse();
      assertThat(executor.residueBytes(7)).isZero();
      assertThat(executor.importBlock(7, other, 12, exported)).isFalse();
      exported[3] ^= 1;
      assertThat(executor.importBlock(7, key, 12, exported)).isFalse();
      assertThat(executor.residueBytes(7)).isZero();
      assertThat(executor.importBlock(7, key, 11, sealed)).isTrue();
      executor.sealBlock(7, key, 14);
      assertThat(executor.openBlock(7, other, 14)).isFalse();
      assertThat(executor.residueBytes(7)).isZero();
    }
  }

  @Test
  void sumsUpHiddenStatesWhateverTheChunks() {
    int[] tokens = Conversation.tokens(new SplittableRandom(6), 20, tiny().vocabularySize());
    try (CudaExecutor executor = executor(options())) {
      float[][] means = new float[2][];
      int[] chunks = {20, 7};
      for (int i = 0; i < 2; i++) {
        HiddenSum sum = new HiddenSum(tiny().hidden());
        Conversation conversation = new Conversation(tokens, new int[] {2 * i, 2 * i + 1}, 0);
        StepPlan plan = Conversation.plan(1, ROWS);
        plan.hidden[0] = sum;
        while (conversation.done < tokens.length) {
          plan.sequences = 0;
          plan.rows = 0;
          conversation.appendTo(plan, Math.min(chunks[i], tokens.length - conversation.done));
          plan.sample[0] = false;
          executor.execute(plan, new StepResult(1));
        }
        assertThat(sum.positions()).isEqualTo(20);
        means[i] = sum.unitMean().orElseThrow();
      }
      assertThat(means[0]).isEqualTo(means[1]);
    }
  }

  @Test
  void refusesWhatTheKernelsAreNotMadeFor() {
    ModelWeights model = tiny().write(folder, new SplittableRandom(7));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CudaExecutor.create(device, model, options().withWeights(WeightType.F32)))
        .withMessageContaining("weights");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CudaExecutor.create(device, model, options().withKv(KvType.F32)))
        .withMessageContaining("kv");
    ModelWeights narrow = TinyModel.llama().write(folder.resolve("n"), new SplittableRandom(7));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CudaExecutor.create(device, narrow, options()))
        .withMessageContaining("head_dim");
  }

  @Test
  void refusesAPoolThatTheDeviceHasNoMemoryFor() {
    ModelWeights model = tiny().write(folder, new SplittableRandom(7));
    ExecutorOptions options =
        new ExecutorOptions(1 << 24, BLOCK_TOKENS, 0, 1, 16).withWeights(WeightType.BF16);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CudaExecutor.create(device, model, options))
        .withMessageContaining("bytes");
  }

  @Test
  void aSealedBlockIsNotReadByAStep() {
    try (CudaExecutor executor = executor(options())) {
      StepPlan plan = Conversation.plan(1, ROWS);
      Conversation conversation = new Conversation(new int[20], new int[] {0, 1}, 0);
      conversation.appendTo(plan, 19);
      executor.execute(plan, new StepResult(1));
      plan.sequences = 0;
      plan.rows = 0;
      conversation.appendTo(plan, 1);
      plan.seal[0] = 5;
      plan.blockKey[0] = BlockKey.random(new SecureRandom());
      assertThatIllegalArgumentException()
          .isThrownBy(() -> executor.execute(plan, new StepResult(1)))
          .withMessageContaining("seal");
    }
  }
}
