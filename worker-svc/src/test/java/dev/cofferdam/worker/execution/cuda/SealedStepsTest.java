package dev.cofferdam.worker.execution.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.Conversation;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.SealBrokenException;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cuda.driver.CudaException;
import dev.cofferdam.worker.model.ElementType;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.TinyModel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps that read blocks which stay sealed, on a driver's double. */
class SealedStepsTest extends OnFakeDevice {
  private static final int BLOCKS = 24;
  private static final int BLOCK_TOKENS = 16;
  private static final int SEQUENCES = 3;
  private static final int ROWS = 96;
  private static final int OUT_OF_MEMORY = 2;

  private final BlockKey key = BlockKey.random(new SecureRandom());
  private final BlockKey other = BlockKey.random(new SecureRandom());

  /** By block: its seal's number. */
  private final Map<Integer, Long> seals = new HashMap<>();

  private long lastSeal;

  private static ExecutorOptions options() {
    return new ExecutorOptions(BLOCKS, BLOCK_TOKENS, 0, SEQUENCES, ROWS)
        .withWeights(WeightType.BF16);
  }

  private CudaExecutor executor(ExecutorOptions options) {
    return CudaExecutor.create(
        device, TinyModel.llama().forDevice().write(folder, new SplittableRandom(7)), options);
  }

  /** Seals what a conversation has filled, as a worker does after each step. */
  private void sealFull(CudaExecutor executor, Conversation conversation, BlockKey under) {
    for (int i = 0; i < conversation.done / BLOCK_TOKENS; i++) {
      if (!seals.containsKey(conversation.blocks[i])) {
        seals.put(conversation.blocks[i], ++lastSeal);
        executor.sealBlock(conversation.blocks[i], under, lastSeal);
      }
    }
    executor.endSealing();
  }

  private static StepPlan empty() {
    return Conversation.plan(SEQUENCES, ROWS);
  }

  private void append(StepPlan plan, Conversation conversation, int count, BlockKey under) {
    int s = plan.sequences;
    conversation.appendTo(plan, count);
    for (int i = 0; i < conversation.blocks.length; i++) {
      plan.seal[plan.blockStart[s] + i] = seals.getOrDefault(conversation.blocks[i], 0L);
    }
    plan.blockKey[s] = under;
  }

  /** Two tenants; the first has two sequences, which share their first two blocks. */
  @ParameterizedTest
  @CsvSource({"1, BF16", "2, BF16", "3, BF16", "4, FP8", "5, FP8", "6, FP8"})
  void stepsOverSealedBlocksGiveTheBitsOfThoseOverOpenOnesAndLeaveNothingReadable(
      int seed, KvType kv) {
    SplittableRandom random = new SplittableRandom(seed);
    TinyModel tiny = TinyModel.random(random).forDevice();
    ModelWeights model = tiny.write(folder, random);
    int[] prompt = Conversation.tokens(random, 90, tiny.vocabularySize());
    int[] alike = prompt.clone();
    alike[40] = (alike[40] + 1) % tiny.vocabularySize();
    int[] foreign = Conversation.tokens(random, 80, tiny.vocabularySize());
    int[][] tokens = {prompt, alike, foreign};
    int[][] blocks = {{5, 3, 8, 0, 11, 12}, {5, 3, 9, 2, 17, 16}, {7, 23, 20, 1, 22}};
    BlockKey[] keys = {key, key, other};
    ExecutorOptions options = options().withKv(kv);
    try (CudaExecutor open = CudaExecutor.create(device, model, options);
        CudaExecutor sealed = CudaExecutor.create(device, model, options.withSealedKv())) {
      Conversation[] plain = new Conversation[SEQUENCES];
      Conversation[] under = new Conversation[SEQUENCES];
      for (int s = 0; s < SEQUENCES; s++) {
        plain[s] = new Conversation(tokens[s], blocks[s], 0);
        under[s] = new Conversation(tokens[s], blocks[s], 0);
      }
      List<int[]> steps =
          List.of(
              new int[] {37, 0, 20}, // the second begins behind what it shares
              new int[] {20, 30, 1},
              new int[] {1, 1, 29},
              new int[] {1, 1, 1},
              new int[] {1, 1, 1}, // captured
              new int[] {1, 1, 1}); // and replayed
      for (int[] counts : steps) {
        StepPlan expected = empty();
        StepPlan plan = empty();
        for (int s = 0; s < SEQUENCES; s++) {
          if (counts[s] > 0) {
            if (s == 1 && under[s].done == 0) {
              plain[s].done = 2 * BLOCK_TOKENS;
              under[s].done = 2 * BLOCK_TOKENS;
            }
            plain[s].appendTo(expected, counts[s]);
            append(plan, under[s], counts[s], keys[s]);
          }
        }
        open.execute(expected, new StepResult(SEQUENCES));
        sealed.execute(plan, new StepResult(SEQUENCES));
        for (int s = 0; s < plan.sequences; s++) {
          assertThat(sealed.logits(s)).isEqualTo(open.logits(s));
        }
        assertThat(sealed.openedResidue()).isZero();
        for (int s = 0; s < SEQUENCES; s++) {
          sealFull(sealed, under[s], keys[s]);
        }
      }
      assertThat(seals).hasSize(8);
      int shared = 5;
      byte[] cipher = sealed.exportSealed(shared);
      assertThat(cipher).isNotEqualTo(open.exportSealed(shared));
      assertThat(sealed.openBlock(shared, key, seals.get(shared))).isTrue();
      assertThat(first(sealed.exportSealed(shared), sealed))
          .isEqualTo(first(open.exportSealed(shared), open));
    }
  }

  private static byte[] first(byte[] exported, CudaExecutor executor) {
    return Arrays.copyOf(exported, (int) executor.geometry().blockBytes());
  }

  /** A sealed conversation of 70 tokens, the last of which is to come, and its logits. */
  private record Sealed(Conversation conversation, float[] logits) {}

  private static final int[] OWN = {4, 9, 2, 13, 6};

  private Sealed sealed(CudaExecutor executor) {
    int[] tokens = Conversation.tokens(new SplittableRandom(3), 71, 16);
    Conversation conversation = new Conversation(tokens, OWN, 0);
    StepPlan plan = empty();
    append(plan, conversation, 70, key);
    executor.execute(plan, new StepResult(SEQUENCES));
    executor.execute(last(conversation), new StepResult(SEQUENCES));
    float[] logits = executor.logits(0);
    sealFull(executor, conversation, key);
    return new Sealed(conversation, logits);
  }

  /** The step of its last token. */
  private StepPlan last(Conversation conversation) {
    StepPlan plan = empty();
    Conversation again = new Conversation(conversation.tokens, conversation.blocks, 0);
    again.done = 70;
    append(plan, again, 1, key);
    return plan;
  }

  @Test
  void aBitThatDiffersFailsTheStepAndIsNeverReadAsData() {
    try (CudaExecutor executor = executor(options().withSealedKv())) {
      Sealed sealed = sealed(executor);
      long bytes = executor.geometry().blockBytes();
      SplittableRandom random = new SplittableRandom(9);
      for (int round = 0; round < 6; round++) { // as it is, captured, replayed
        MemorySegment block =
            MemorySegment.ofAddress(executor.blockAddress(OWN[random.nextInt(4)]))
                .reinterpret(bytes);
        long at = round == 0 ? 0 : round == 1 ? bytes - 1 : random.nextLong(bytes);
        byte was = block.get(ValueLayout.JAVA_BYTE, at);
        block.set(ValueLayout.JAVA_BYTE, at, (byte) (was ^ 1 << random.nextInt(8)));
        StepResult result = new StepResult(SEQUENCES);
        result.tokenId[0] = -7;
        assertThatThrownBy(() -> executor.execute(last(sealed.conversation), result))
            .isInstanceOf(SealBrokenException.class)
            .hasMessageContaining("authentication");
        assertThat(result.tokenId[0]).as("nothing was told").isEqualTo(-7);
        assertThat(executor.openedResidue()).isZero();
        block.set(ValueLayout.JAVA_BYTE, at, was);
        executor.execute(last(sealed.conversation), new StepResult(SEQUENCES));
        assertThat(executor.logits(0)).as("all else is as it was").isEqualTo(sealed.logits);
      }
    }
  }

  @Test
  void anotherTenantsKeyAnotherNumberAndADestroyedKeyOpenNothing() {
    try (CudaExecutor executor = executor(options().withSealedKv())) {
      Sealed sealed = sealed(executor);
      StepPlan foreign = last(sealed.conversation);
      foreign.blockKey[0] = other;
      StepPlan number = last(sealed.conversation);
      number.seal[2]++;
      StepPlan destroyed = last(sealed.conversation);
      BlockKey gone = BlockKey.random(new SecureRandom());
      gone.destroy();
      destroyed.blockKey[0] = gone;
      for (StepPlan plan : List.of(foreign, number, destroyed)) {
        assertThatThrownBy(() -> executor.execute(plan, new StepResult(SEQUENCES)))
            .isInstanceOf(SealBrokenException.class);
        assertThat(executor.openedResidue()).isZero();
      }
      executor.execute(last(sealed.conversation), new StepResult(SEQUENCES));
      assertThat(executor.logits(0)).isEqualTo(sealed.logits);
    }
  }

  /** What one of them opens, the other would read. */
  @Test
  void aPlanThatNamesABlockUnderTwoKeysIsRefused() {
    try (CudaExecutor executor = executor(options().withSealedKv())) {
      Sealed sealed = sealed(executor);
      StepPlan plan = last(sealed.conversation);
      Conversation thief = new Conversation(new int[17], new int[] {OWN[0], 20}, 0);
      thief.done = 16;
      append(plan, thief, 1, other);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> executor.execute(plan, new StepResult(SEQUENCES)))
          .withMessageContaining("blockKey");
      assertThat(executor.openedResidue()).isZero();
    }
  }

  /** The smallest model, for what is done again and again. */
  private ModelWeights smallest() {
    TinyModel tiny = TinyModel.llama().forDevice();
    return new TinyModel(
            tiny.type(),
            tiny.vocabularySize(),
            16,
            16,
            1,
            1,
            1,
            16,
            64,
            true,
            false,
            tiny.ropeParameters(),
            ElementType.BF16)
        .write(folder, new SplittableRandom(7));
  }

  @Test
  void everyFailureOfTheDriverInAStepLeavesNothingReadableAndTheNextStepIsRight() {
    ModelWeights model = smallest();
    ExecutorOptions options =
        new ExecutorOptions(2, BLOCK_TOKENS, 0, SEQUENCES, 17)
            .withWeights(WeightType.BF16)
            .withSealedKv();
    Set<String> failed = new TreeSet<>();
    float[] expected = {};
    for (long call = 0; call == 0 || !failed.contains(""); call++) {
      seals.clear();
      try (CudaExecutor executor = CudaExecutor.create(device, model, options)) {
        Conversation conversation = new Conversation(new int[18], new int[] {1, 0}, 0);
        StepPlan plan = empty();
        append(plan, conversation, 17, key);
        executor.execute(plan, new StepResult(SEQUENCES));
        sealFull(executor, conversation, key);
        StepPlan last = empty();
        append(last, conversation, 1, key);
        FakeDriver.fail(call, OUT_OF_MEMORY);
        for (int round = 0; round < 3; round++) { // as it is, captured, replayed
          try {
            executor.execute(last, new StepResult(SEQUENCES));
          } catch (CudaException e) {
            assertThat(e).hasMessageContaining(FakeDriver.failed());
          }
        }
        if (call > 0) {
          failed.add(FakeDriver.failed());
        }
        FakeDriver.fail(0, 0);
        assertThat(executor.openedResidue()).as("after call %s", call).isZero();
        executor.execute(last, new StepResult(SEQUENCES));
        expected = call == 0 ? executor.logits(0) : expected;
        assertThat(executor.logits(0)).isEqualTo(expected);
      }
    }
    assertThat(failed)
        .contains(
            "cuLaunchKernel",
            "cuGraphLaunch",
            "cuMemcpyHtoDAsync",
            "cuMemcpyDtoHAsync",
            "cuMemsetD8Async",
            "cuStreamSynchronize");
    device.close();
    device = null;
    assertThat(FakeDriver.live()).as("a graph that could not be given back").isEqualTo(1);
    assertThat(FakeDriver.misuse()).isEmpty();
  }

  @Test
  void aPoolThatLeavesNoRoomForWhatStepsOpenIsRefused() {
    ModelWeights model = TinyModel.llama().forDevice().write(folder, new SplittableRandom(7));
    long blockBytes = KvType.BF16.blockBytes(model.config(), BLOCK_TOKENS);
    device.context().enter();
    int most = (int) (device.context().freeBytes() / blockBytes * 9 / 10);
    ExecutorOptions options =
        new ExecutorOptions(most, BLOCK_TOKENS, 0, 1, 16)
            .withWeights(WeightType.BF16)
            .withSealedKv();
    assertThat(CudaExecutor.openedBytes(model.config(), options))
        .isEqualTo(most * (blockBytes / model.config().layers()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CudaExecutor.create(device, model, options))
        .withMessageContaining("of them for what steps open");
  }
}
