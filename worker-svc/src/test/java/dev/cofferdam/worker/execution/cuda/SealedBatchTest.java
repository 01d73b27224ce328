package dev.cofferdam.worker.execution.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.batching.Batch;
import dev.cofferdam.worker.batching.BatchOptions;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.SampledToken;
import dev.cofferdam.worker.batching.Sampling;
import dev.cofferdam.worker.batching.Sequence;
import dev.cofferdam.worker.batching.SequenceId;
import dev.cofferdam.worker.batching.SequenceListener;
import dev.cofferdam.worker.batching.SequenceRequest;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.batching.Stepper;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.SealBrokenException;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.kvcache.Sealing;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.TinyModel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole batches of several tenants, encrypted at rest and always, on a driver's double. */
class SealedBatchTest extends OnFakeDevice {
  private static final int BLOCKS = 12;
  private static final int BLOCK_TOKENS = 16;
  private static final int OUTPUT = 24;

  /** A listener that remembers the tokens. */
  private static final class Heard implements SequenceListener {
    final List<Integer> tokens = new ArrayList<>();
    EndCause cause;

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public void started(int cachedPromptTokens) {}

    @Override
    public void token(int index, SampledToken token) {
      tokens.add(token.id());
    }

    @Override
    public void embedding(float[] values) {
      throw new AssertionError("nobody asked for an embedding");
    }

    @Override
    public void ended(EndCause why, SequenceUsage usage) {
      cause = why;
    }
  }

  /** What was heard of all sequences, and how it went. */
  private record Outcome(List<List<Integer>> tokens, long seals, long broken, long swapped) {}

  private ModelWeights model;

  /**
   * Runs nine sequences of three tenants, the first of which is not encrypted.
   *
   * @param tamperAt step before which a bit of a sealed block is flipped; -1: none
   */
  private Outcome run(Sealing sealing, KvType kv, long swapBytes, int tamperAt) {
    SplittableRandom random = new SplittableRandom(4);
    ExecutorOptions options =
        new ExecutorOptions(BLOCKS, BLOCK_TOKENS, 0, 4, 48).withWeights(WeightType.BF16).withKv(kv);
    boolean always = sealing == Sealing.ALWAYS;
    try (CudaExecutor executor =
        CudaExecutor.create(device, model, always ? options.withSealedKv() : options)) {
      Batch batch =
          new Batch(
              executor, new BatchOptions(4, 48, 20, 1_000_000_000_000L, 1.5, sealing, swapBytes));
      List<Throwable> failures = new ArrayList<>();
      Stepper stepper = new Stepper(batch, executor, System::nanoTime, failures::add);
      List<Heard> heard = new ArrayList<>();
      List<Sequence> sequences = new ArrayList<>();
      for (int i = 0; i < 9; i++) {
        Heard listener = new Heard();
        heard.add(listener);
        sequences.add(sequence(i % 3, random, listener));
        batch.add(sequences.getLast());
      }
      boolean tampered = false;
      for (int step = 0; !batch.isEmpty(); step++) {
        assertThat(step).isLessThan(3_000);
        Sequence any = sequences.get(random.nextInt(sequences.size()));
        if (step < 300 && random.nextInt(5) == 0) {
          any.pause(new TenantId("chat"));
        } else {
          any.resume();
        }
        if (step >= tamperAt && tamperAt >= 0 && !tampered) {
          tampered = tamper(batch, executor);
        }
        stepper.step();
        if (always) {
          assertThat(executor.openedResidue()).isZero();
        }
      }
      assertThat(failures)
          .allSatisfy(e -> assertThat(e).isInstanceOf(SealBrokenException.class))
          .hasSizeLessThanOrEqualTo(tamperAt >= 0 ? 10 : 0);
      assertThat(heard).allSatisfy(h -> assertThat(h.cause).isEqualTo(EndCause.LENGTH));
      assertThat(tampered).isEqualTo(tamperAt >= 0);
      return new Outcome(
          heard.stream().map(h -> h.tokens).toList(),
          batch.stats().seals(),
          batch.stats().sealsBroken(),
          batch.stats().blocksSwapped());
    }
  }

  /** Flips a bit of a sealed block that a running sequence reads, where there is one. */
  private static boolean tamper(Batch batch, CudaExecutor executor) {
    for (int block = 0; block < BLOCKS; block++) {
      if (batch.kv().sealOf(block) != 0 && batch.kv().readers(block) > 0) {
        MemorySegment first =
            MemorySegment.ofAddress(executor.blockAddress(block))
                .reinterpret(executor.geometry().blockBytes());
        first.set(ValueLayout.JAVA_BYTE, 40, (byte) (first.get(ValueLayout.JAVA_BYTE, 40) ^ 8));
        return true;
      }
    }
    return false;
  }

  private static Sequence sequence(int tenant, SplittableRandom random, Heard listener) {
    int[] prompt = new int[20 + random.nextInt(50)];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = i < 33 ? i % 7 : random.nextInt(16);
    }
    byte[] key = new byte[PrefixDigests.BYTES];
    key[0] = (byte) tenant;
    return new Sequence(
        new SequenceRequest(
            new SequenceId(RequestId.random(), 1),
            Operation.GENERATE,
            new TenantId("tenant-" + tenant),
            1,
            random.nextInt(20),
            prompt,
            prompt.length,
            OUTPUT,
            new Sampling(1, 0.95f, 10, random.nextLong(), -1),
            new int[0],
            0,
            tenant != 0,
            Optional.empty(),
            Optional.of(new PrefixDigests(key, "model", "", BLOCK_TOKENS)),
            Optional.empty()),
        256,
        BLOCK_TOKENS,
        0,
        listener);
  }

  @ParameterizedTest
  @CsvSource({"BF16, 1000000", "FP8, 0"})
  void alwaysEncryptedSequencesGiveTheTokensOfThoseAtRest(KvType kv, long swapBytes) {
    model = TinyModel.llama().forDevice().write(folder, new SplittableRandom(7));
    Outcome atRest = run(Sealing.AT_REST, kv, swapBytes, -1);
    Outcome always = run(Sealing.ALWAYS, kv, swapBytes, -1);
    assertThat(always.tokens).isEqualTo(atRest.tokens);
    assertThat(always.seals).isGreaterThan(10);
    assertThat(always.swapped > 0).isEqualTo(swapBytes > 0);
    assertThat(always.broken).isZero();
    Outcome tampered = run(Sealing.ALWAYS, kv, swapBytes, 12);
    assertThat(tampered.tokens).as("computed anew").isEqualTo(atRest.tokens);
    assertThat(tampered.broken).isPositive();
  }
}
