package dev.cofferdam.worker.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.cpu.CpuExecutor;
import dev.cofferdam.worker.generation.Penalties;
import dev.cofferdam.worker.kvcache.Sealing;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The CPU executor under the batch: the tokens are the same whatever happens to a sequence. */
class ExactResumeTest {
  private static final int VOCABULARY = 20;
  private static final int OUTPUT = 40;

  @TempDir Path folder;

  private record Job(int tenant, int[] prompt, long seed, List<Integer> known) {}

  private final SplittableRandom random = new SplittableRandom(11);

  private Recorded add(Batch batch, Job job) {
    int[] tokens = Arrays.copyOf(job.prompt, job.prompt.length + job.known.size());
    for (int i = 0; i < job.known.size(); i++) {
      tokens[job.prompt.length + i] = job.known.get(i);
    }
    byte[] key = new byte[32];
    key[0] = (byte) job.tenant;
    Recorded heard = new Recorded();
    batch.add(sequence(job, tokens, key, heard));
    return heard;
  }

  private final List<Sequence> sequences = new ArrayList<>();

  private Sequence sequence(Job job, int[] tokens, byte[] key, Recorded heard) {
    Sequence sequence =
        new Sequence(
            new SequenceRequest(
                new SequenceId(RequestId.random(), 1),
                Operation.GENERATE,
                new TenantId("tenant-" + job.tenant),
                1,
                random.nextInt(20),
                tokens,
                job.prompt.length,
                OUTPUT,
                new Sampling(1, 0.95f, 10, 0.01f, new Penalties(1.1f, 0.4f, 0.2f), job.seed, -1),
                new int[0],
                0,
                job.tenant != 0,
                Optional.empty(),
                Optional.of(new PrefixDigests(key, "model", "", 4)),
                Optional.empty()),
            256,
            4,
            0,
            heard);
    sequences.add(sequence);
    return sequence;
  }

  private Job job(int tenant) {
    int[] prompt = new int[5 + random.nextInt(60)];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = i < 24 ? i % 7 : random.nextInt(VOCABULARY);
    }
    return new Job(tenant, prompt, random.nextLong(), List.of());
  }

  private List<Integer> alone(ModelWeights model, KvType kv, Job job) {
    ExecutorOptions options = new ExecutorOptions(64, 4, 1, 1, 64).withKv(kv);
    try (CpuExecutor executor = CpuExecutor.create(model, options)) {
      Batch batch = new Batch(executor, new BatchOptions(1, 64, 64, 1_000_000_000));
      Recorded heard = add(batch, job);
      Stepper stepper = new Stepper(batch, executor, System::nanoTime, ExactResumeTest::fail);
      while (!batch.isEmpty()) {
        stepper.step();
      }
      return heard.tokens;
    }
  }

  private static void fail(Throwable reason) {
    throw new AssertionError("a step failed", reason);
  }

  @ParameterizedTest
  @CsvSource({"AT_REST,0,BF16", "AT_REST,100000,F32", "ALWAYS,0,F32", "ALWAYS,100000,BF16"})
  void
      pausedRecomputedSwappedSealedCachedChunkedAndContinuedSequencesGiveTheTokensThatTheyGiveAlone(
          Sealing sealing, long swapBytes, KvType kv) {
    ModelWeights model = TinyModel.llama().write(folder, random);
    List<Job> jobs = new ArrayList<>();
    List<List<Integer>> expected = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      Job job = job(i % 3);
      jobs.add(job);
      expected.add(alone(model, kv, job));
    }
    sequences.clear();
    ExecutorOptions options = new ExecutorOptions(60, 4, 1, 5, 17).withKv(kv);
    try (CpuExecutor executor = CpuExecutor.create(model, options)) {
      Batch batch =
          new Batch(
              executor, new BatchOptions(5, 17, 3, 1_000_000_000_000L, 1.5, sealing, swapBytes));
      Stepper stepper = new Stepper(batch, executor, System::nanoTime, ExactResumeTest::fail);
      List<Recorded> heard = new ArrayList<>();
      for (int i = 0; i < jobs.size(); i++) {
        Job job = jobs.get(i);
        // Every third one begins in the middle, as after the loss of another worker.
        int known = i % 3 == 0 ? random.nextInt(OUTPUT) : 0;
        List<Integer> has = expected.get(i).subList(0, known);
        heard.add(add(batch, new Job(job.tenant, job.prompt, job.seed, has)));
      }
      for (int step = 0; !batch.isEmpty(); step++) {
        Sequence any = sequences.get(random.nextInt(sequences.size()));
        if (step < 2_000 && random.nextInt(4) == 0) {
          any.pause(new TenantId("chat"));
        } else {
          any.resume();
        }
        stepper.step();
      }
      for (int i = 0; i < jobs.size(); i++) {
        List<Integer> whole = expected.get(i);
        int known = whole.size() - heard.get(i).tokens.size();
        assertThat(heard.get(i).tokens).isEqualTo(whole.subList(known, whole.size()));
      }
      assertThat(batch.stats().preemptions()).isGreaterThan(20);
      assertThat(batch.stats().seals()).isGreaterThan(20);
      assertThat(batch.stats().blocksSwapped() > 0).isEqualTo(swapBytes > 0);
      assertThat(batch.stats().sealsBroken()).isZero();
      batch.kv().zeroReleased();
      for (int block = 0; block < 60; block++) {
        if (batch.kv().pool().owner(block) == null) {
          assertThat(executor.residueBytes(block)).isZero();
        }
      }
    }
  }
}
