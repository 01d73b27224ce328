package dev.cofferdam.worker.execution.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.Conversation;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.SealBrokenException;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.TinyModel;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Encryption of real KV: what was computed is kept to the bit, and nothing else is accepted. */
@ParameterizedClass
@EnumSource(names = {"F32", "BF16"})
class SealedBlocksTest {
  private static final int TOKENS = 126;
  private static final int BLOCK_TOKENS = 16;
  private static final int[] BLOCKS = {3, 1, 4, 0, 5, 9, 2, 6};

  @Parameter KvType kv;
  @TempDir Path folder;
  private final SplittableRandom random = new SplittableRandom(5);
  private final BlockKey key = BlockKey.random(new SecureRandom());
  private final BlockKey other = BlockKey.random(new SecureRandom());
  private CpuExecutor executor;
  private TinyModel tiny;
  private int[] tokens;

  @BeforeEach
  void compute() {
    // In BF16 with heads of the usual width, which steps read as they lie.
    tiny = TinyModel.llama().withHeadDimension(kv == KvType.BF16 ? 64 : 12);
    ModelWeights model = tiny.write(folder, random);
    ExecutorOptions options =
        new ExecutorOptions(10, BLOCK_TOKENS, 1, 1, 128)
            .withKv(kv)
            .withKernels(kv == KvType.BF16 ? KernelChoice.AUTO : KernelChoice.JAVA);
    executor = CpuExecutor.create(model, options);
    tokens = Conversation.tokens(random, TOKENS, tiny.vocabularySize());
    Conversation conversation = new Conversation(tokens, BLOCKS, 0);
    StepPlan plan = Conversation.plan(1, 128);
    conversation.appendTo(plan, TOKENS - 1);
    executor.execute(plan, new StepResult(1));
  }

  @AfterEach
  void close() {
    executor.close();
  }

  /** A plan of the last token, that reads all that was computed. */
  private StepPlan next() {
    StepPlan plan = Conversation.plan(1, 128);
    Conversation conversation = new Conversation(tokens, BLOCKS, 0);
    conversation.done = TOKENS - 1;
    conversation.appendTo(plan, 1);
    return plan;
  }

  private float[] logits(StepPlan plan) {
    executor.execute(plan, new StepResult(1));
    float[] logits = new float[tiny.vocabularySize()];
    for (int token = 0; token < logits.length; token++) {
      logits[token] = executor.logit(0, token);
    }
    return logits;
  }

  @Test
  void aSealedBlockOpensToTheSameBits() {
    float[] plain = logits(next());
    long residue = executor.residueBytes(BLOCKS[0]);
    for (int i = 0; i < BLOCKS.length; i++) {
      executor.sealBlock(BLOCKS[i], key, 100 + i);
    }
    assertThat(executor.residueBytes(BLOCKS[0])).isNotEqualTo(residue);
    for (int i = 0; i < BLOCKS.length; i++) {
      assertThat(executor.openBlock(BLOCKS[i], key, 100 + i)).isTrue();
    }
    assertThat(logits(next())).isEqualTo(plain);
  }

  @Test
  void aStepOverSealedBlocksGivesTheSameBitsAndLeavesNothingReadable() {
    float[] plain = logits(next());
    StepPlan plan = next();
    for (int i = 0; i < BLOCKS.length - 1; i++) {
      executor.sealBlock(BLOCKS[i], key, 7 + i);
      plan.seal[i] = 7 + i;
    }
    plan.blockKey[0] = key;

    assertThat(logits(plan)).isEqualTo(plain);
    assertThat(executor.stagedResidue()).isZero();
  }

  @Test
  void aStepWithAnotherKeyNumberOrContentFailsAndLeavesNothingReadable() {
    StepPlan plan = next();
    executor.sealBlock(BLOCKS[2], key, 7);
    plan.seal[2] = 7;
    plan.blockKey[0] = other;
    assertThatThrownBy(() -> logits(plan)).isInstanceOf(SealBrokenException.class);

    plan.blockKey[0] = key;
    plan.seal[2] = 8;
    assertThatThrownBy(() -> logits(plan)).isInstanceOf(SealBrokenException.class);

    executor.sealBlock(BLOCKS[3], key, 9);
    plan.seal[2] = 7;
    plan.seal[3] = 9;
    logits(plan);
    // Another block's content under this block's number.
    plan.blockTable[2] = BLOCKS[3];
    plan.blockTable[3] = BLOCKS[2];
    assertThatThrownBy(() -> logits(plan)).isInstanceOf(SealBrokenException.class);

    key.destroy();
    plan.blockTable[2] = BLOCKS[2];
    plan.blockTable[3] = BLOCKS[3];
    assertThatThrownBy(() -> logits(plan)).isInstanceOf(SealBrokenException.class);
    assertThat(executor.stagedResidue()).isZero();
  }

  @Test
  void aPlanThatWritesASealedBlockOrHasNoKeyForItIsRefused() {
    StepPlan written = next();
    written.seal[BLOCKS.length - 1] = 1;
    written.blockKey[0] = key;
    assertThatIllegalArgumentException()
        .isThrownBy(() -> logits(written))
        .withMessageContaining("sealed block is written");

    StepPlan keyless = next();
    keyless.seal[0] = 1;
    assertThatIllegalArgumentException()
        .isThrownBy(() -> logits(keyless))
        .withMessageContaining("blockKey");
  }

  @Test
  void aBlockThatDoesNotOpenIsZeroedAtOnce() {
    executor.sealBlock(BLOCKS[0], key, 1);
    assertThat(executor.openBlock(BLOCKS[0], other, 1)).isFalse();
    assertThat(executor.residueBytes(BLOCKS[0])).isZero();

    executor.sealBlock(BLOCKS[1], key, 2);
    assertThat(executor.openBlock(BLOCKS[1], key, 3)).isFalse();
    assertThat(executor.residueBytes(BLOCKS[1])).isZero();
  }

  @Test
  void everyFlippedBitOfAnExportIsNoticed() {
    byte[] exported = executor.exportBlock(BLOCKS[0], key, 1);
    for (int i = 0; i < 500; i++) {
      byte[] tampered = exported.clone();
      int bit = random.nextInt(8 * tampered.length);
      tampered[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(executor.importBlock(7, key, 1, tampered)).isFalse();
      assertThat(executor.residueBytes(7)).isZero();
    }
    assertThat(executor.importBlock(7, key, 1, exported)).isTrue();
    assertThat(executor.residueBytes(7)).isEqualTo(executor.residueBytes(BLOCKS[0]));
  }

  @Test
  void whatIsExportedOpenOrSealedComesBackToTheSameBitsInAnotherBlock() {
    float[] plain = logits(next());
    byte[] open = executor.exportBlock(BLOCKS[0], key, 1);
    executor.sealBlock(BLOCKS[1], key, 2);
    byte[] sealed = executor.exportSealed(BLOCKS[1]);
    StepPlan plan = next();
    plan.blockTable[0] = 7;
    plan.blockTable[1] = 8;

    assertThat(executor.importBlock(7, key, 1, open)).isTrue();
    assertThat(executor.importBlock(8, key, 2, sealed)).isTrue();
    assertThat(logits(plan)).isEqualTo(plain);
  }
}
