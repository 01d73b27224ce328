package dev.cofferdam.worker.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.TinyAdapter;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cpu.CpuExecutor;
import dev.cofferdam.worker.execution.reference.ReferenceExecutor;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.TinyModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Embeddings of the CPU executor under the batch, alone and among others. */
class EmbeddingTest {
  private static final BatchOptions ALONE = new BatchOptions(1, 64, 64, 1_000_000_000);

  @TempDir Path folder;

  private int requests;

  private record Input(int[] tokens, Optional<LoraAdapter> adapter) {}

  static IntStream seeds() {
    return IntStream.range(0, 16);
  }

  private Recorded add(Batch batch, Operation operation, Input input, int tag) {
    Recorded heard = new Recorded();
    batch.add(sequence(operation, input, tag, heard));
    return heard;
  }

  private Sequence sequence(Operation operation, Input input, int tag, Recorded heard) {
    return new Sequence(
        new SequenceRequest(
            new SequenceId(new RequestId("%032x".formatted(++requests)), 1),
            operation,
            new TenantId("tenant"),
            1,
            tag,
            input.tokens,
            input.tokens.length,
            operation == Operation.EMBED ? 0 : 20,
            new Sampling(0.8f, 0.95f, 0, 7, -1),
            new int[0],
            0,
            false,
            input.adapter,
            Optional.empty(),
            Optional.empty()),
        256,
        4,
        0,
        heard);
  }

  private static void run(Batch batch, ModelExecutor executor) {
    Stepper stepper =
        new Stepper(
            batch,
            executor,
            System::nanoTime,
            reason -> {
              throw new AssertionError("a step failed", reason);
            });
    while (!batch.isEmpty()) {
      stepper.step();
    }
  }

  private Recorded alone(
      Function<ExecutorOptions, ModelExecutor> executors,
      ExecutorOptions options,
      Operation operation,
      Input input) {
    try (ModelExecutor executor = executors.apply(options)) {
      Batch batch = new Batch(executor, ALONE);
      Recorded heard = add(batch, operation, input, 0);
      run(batch, executor);
      return heard;
    }
  }

  private static Input input(
      SplittableRandom random, TinyModel tiny, Optional<LoraAdapter> adapter) {
    return new Input(
        random.ints(random.nextInt(1, 60), 0, tiny.vocabularySize()).toArray(), adapter);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void anEmbeddingIsThatOfTheReferenceInDoublePrecision(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    TinyModel tiny = TinyModel.random(random);
    ModelWeights model = tiny.write(folder, random);
    Optional<LoraAdapter> adapter =
        seed % 2 == 0
            ? Optional.empty()
            : Optional.of(TinyAdapter.random(random).read(model.config(), random));
    Input input = input(random, tiny, adapter);
    ExecutorOptions options =
        new ExecutorOptions(64, 4, 1, 1, 64).withWeights(WeightType.F32).withKv(KvType.F32);

    Recorded actual = alone(o -> CpuExecutor.create(model, o), options, Operation.EMBED, input);
    Recorded expected =
        alone(o -> ReferenceExecutor.create(model, o), options, Operation.EMBED, input);

    assertThat(actual.cause).isEqualTo(EndCause.EMBEDDED);
    assertThat(actual.embedding).hasSize(model.config().hidden());
    assertThat(actual.embedding).containsExactly(expected.embedding, Offset.offset(1e-4f));
    assertThat(actual.usage.outputTokens()).isZero();
    assertThat(actual.usage.prefillTokens()).isEqualTo(input.tokens.length);
    assertThat(actual.usage.kvBlocksZeroed()).isEqualTo(actual.usage.kvBlocksAllocated());
  }

  @Test
  void anAdapterCounts() {
    SplittableRandom random = new SplittableRandom(3);
    ModelWeights model = TinyModel.llama().write(folder, random);
    Input base = input(random, TinyModel.llama(), Optional.empty());
    LoraAdapter adapter = TinyAdapter.random(random).read(model.config(), random);
    ExecutorOptions options = new ExecutorOptions(64, 4, 1, 1, 64);

    Function<ExecutorOptions, ModelExecutor> cpu = o -> CpuExecutor.create(model, o);
    float[] plain = alone(cpu, options, Operation.EMBED, base).embedding;
    float[] adapted =
        alone(cpu, options, Operation.EMBED, new Input(base.tokens, Optional.of(adapter)))
            .embedding;

    double cosine = 0;
    for (int i = 0; i < plain.length; i++) {
      cosine += plain[i] * adapted[i];
    }
    assertThat(cosine).isLessThan(0.999);
  }

  /** Little memory and small steps: chunks, preemptions and recomputation on the way. */
  @ParameterizedTest
  @MethodSource("seeds")
  void amongDecodingNeighboursEveryBitIsAsAloneTheirsAndItsOwn(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    TinyModel tiny = TinyModel.llama();
    ModelWeights model = tiny.write(folder, random);
    Optional<LoraAdapter> adapter =
        Optional.of(TinyAdapter.random(random).read(model.config(), random));
    Function<ExecutorOptions, ModelExecutor> cpu = o -> CpuExecutor.create(model, o);
    KvType kv = KvType.values()[seed % 2];
    List<Operation> operations = new ArrayList<>();
    List<Input> inputs = new ArrayList<>();
    List<Recorded> expected = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      operations.add(Operation.values()[i % 2]);
      inputs.add(input(random, tiny, i % 3 == 0 ? adapter : Optional.empty()));
      ExecutorOptions options = new ExecutorOptions(64, 4, 1, 1, 64).withKv(kv);
      expected.add(alone(cpu, options, operations.get(i), inputs.get(i)));
    }

    List<Recorded> heard = new ArrayList<>();
    try (ModelExecutor executor = cpu.apply(new ExecutorOptions(44, 4, 1, 5, 17).withKv(kv))) {
      Batch batch = new Batch(executor, new BatchOptions(5, 17, 3, 1_000_000_000_000L));
      for (int i = 0; i < inputs.size(); i++) {
        heard.add(add(batch, operations.get(i), inputs.get(i), random.nextInt(40)));
      }
      run(batch, executor);
    }

    for (int i = 0; i < inputs.size(); i++) {
      assertThat(heard.get(i).tokens).isEqualTo(expected.get(i).tokens);
      assertThat(heard.get(i).embedding).isEqualTo(expected.get(i).embedding);
    }
  }
}
