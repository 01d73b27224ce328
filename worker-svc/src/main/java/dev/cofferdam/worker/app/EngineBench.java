package dev.cofferdam.worker.app;

import com.fasterxml.jackson.databind.ObjectMapper;
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
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Measures the bare engine on a model folder: planner, executor and sampler, without gRPC. Prints a
 * table, and writes a list of {@code {metric, value, unit, baseline, ratio}} as JSON. Every
 * baseline is measured in the same run.
 *
 * <p>Arguments: model folder, file for the JSON.
 */
public final class EngineBench {
  private static final int SLOTS = 32;
  private static final int STEP_TOKENS = 256;
  private static final int BLOCK_TOKENS = 16;
  private static final int REPEATS = 5;
  private static final int DECODE_TOKENS = 64;
  private static final int PROMPT = 32;
  private static final long KV_BYTES = 64L << 20;

  /**
   * One figure.
   *
   * @param metric what
   * @param value how much
   * @param unit of what
   * @param baseline what it is compared with, in the same unit
   * @param ratio value / baseline
   */
  public record Figure(String metric, double value, String unit, double baseline, double ratio) {
    static Figure of(String metric, double value, String unit, double baseline) {
      return new Figure(metric, value, unit, baseline, value / baseline);
    }
  }

  private final Engine engine;
  private final SplittableRandom random = new SplittableRandom(1);
  private int requests;

  private EngineBench(Engine engine) {
    this.engine = engine;
  }

  /**
   * Runs the bench.
   *
   * @throws IOException when the file cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      throw new IllegalArgumentException("arguments: model folder, file for the JSON");
    }
    Engine engine =
        Engine.load(Path.of(arguments[0]), KV_BYTES, BLOCK_TOKENS, 1, SLOTS, STEP_TOKENS);
    try {
      List<Figure> figures = new EngineBench(engine).measure();
      print(figures, System.out);
      new ObjectMapper()
          .writerWithDefaultPrettyPrinter()
          .writeValue(Path.of(arguments[1]).toFile(), figures);
    } finally {
      engine.executor().close();
    }
  }

  private static void print(List<Figure> figures, PrintStream out) {
    out.printf(
        Locale.ROOT, "%-34s %12s %-9s %12s %7s%n", "metric", "value", "unit", "baseline", "ratio");
    for (Figure f : figures) {
      out.printf(
          Locale.ROOT,
          "%-34s %12.2f %-9s %12.2f %7.2f%n",
          f.metric,
          f.value,
          f.unit,
          f.baseline,
          f.ratio);
    }
  }

  private List<Figure> measure() {
    warmUp();
    List<Figure> figures = new ArrayList<>();
    double single = best(() -> decode(1));
    double floor = streamedPerSecond(engine.model().parameters());
    // A token at batch 1 must read every weight once: the machine's own reading speed bounds it.
    figures.add(Figure.of("decode, batch 1 (vs memory bound)", single, "tokens/s", floor));
    for (int batch : new int[] {8, SLOTS}) {
      double rate = best(() -> decode(batch));
      figures.add(Figure.of("decode, batch " + batch + " (vs batch 1)", rate, "tokens/s", single));
    }
    double prefill = best(() -> prefill(512));
    figures.add(Figure.of("prefill, 512 tokens (vs batch 1)", prefill, "tokens/s", single));
    double ttft = 1_000 / best(() -> prefill(128) / 128);
    figures.add(Figure.of("ttft, 128 tokens (vs one decode)", ttft, "ms", 1_000 / single));
    double share = best(() -> stepShare(SLOTS));
    figures.add(Figure.of("executor's share of a step", share, "share", 1));
    return figures;
  }

  private void warmUp() {
    long until = System.nanoTime() + 5_000_000_000L;
    while (System.nanoTime() < until) {
      decode(1);
      decode(SLOTS);
      prefill(512);
    }
  }

  private interface Measurement {
    double take();
  }

  /** The best of several: what other processes do to the machine only makes it worse. */
  private static double best(Measurement measurement) {
    double best = 0;
    for (int i = 0; i < REPEATS; i++) {
      best = Math.max(best, measurement.take());
    }
    return best;
  }

  /** Tokens per second of so many sequences side by side, prompts left aside. */
  private double decode(int sequences) {
    Rig rig = new Rig();
    for (int i = 0; i < sequences; i++) {
      rig.add(PROMPT, DECODE_TOKENS);
    }
    while (rig.firstTokens < sequences) {
      rig.step();
    }
    int before = rig.tokens;
    long begun = System.nanoTime();
    rig.finish();
    return (rig.tokens - before) * 1e9 / (System.nanoTime() - begun);
  }

  /** Input tokens per second. */
  private double prefill(int tokens) {
    Rig rig = new Rig();
    rig.add(tokens, 1);
    long begun = System.nanoTime();
    rig.finish();
    return tokens * 1e9 / (System.nanoTime() - begun);
  }

  /** What the executor takes of the batch's busy time. */
  private double stepShare(int sequences) {
    Rig rig = new Rig();
    for (int i = 0; i < sequences; i++) {
      rig.add(PROMPT, DECODE_TOKENS);
    }
    rig.finish();
    return (double) rig.timed.executeNs / rig.batch.stats().busyNs();
  }

  /** How often per second one thread can read so many floats. */
  private static double streamedPerSecond(long floats) {
    float[] weights = new float[Math.toIntExact(floats)];
    Arrays.fill(weights, 1);
    double best = 0;
    float sum = 0;
    for (int i = 0; i < 20; i++) {
      long begun = System.nanoTime();
      sum += sum(weights);
      best = Math.max(best, 1e9 / (System.nanoTime() - begun));
    }
    if (sum < 0) {
      throw new IllegalStateException("the sum of ones is negative");
    }
    return best;
  }

  /** Several accumulators, so that the sum waits for memory and not for additions. */
  private static float sum(float[] values) {
    var species = FloatVector.SPECIES_PREFERRED;
    int lanes = species.length();
    var a = FloatVector.zero(species);
    var b = a;
    var c = a;
    var d = a;
    for (int i = 0; i + 4 * lanes <= values.length; i += 4 * lanes) {
      a = a.add(FloatVector.fromArray(species, values, i));
      b = b.add(FloatVector.fromArray(species, values, i + lanes));
      c = c.add(FloatVector.fromArray(species, values, i + 2 * lanes));
      d = d.add(FloatVector.fromArray(species, values, i + 3 * lanes));
    }
    return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
  }

  /** A fresh batch on the engine; it leaves the pool zeroed. */
  private final class Rig implements SequenceListener {
    final TimedExecutor timed = new TimedExecutor(engine.executor());
    final Batch batch = new Batch(timed, new BatchOptions(SLOTS, STEP_TOKENS, 32, Long.MAX_VALUE));
    final Stepper stepper =
        new Stepper(
            batch,
            timed,
            System::nanoTime,
            e -> {
              throw new IllegalStateException("a step failed", e);
            });
    int tokens;
    int firstTokens;

    void add(int promptTokens, int outputTokens) {
      int[] prompt = random.ints(promptTokens, 0, engine.model().vocabularySize()).toArray();
      batch.add(
          new Sequence(
              new SequenceRequest(
                  new SequenceId(new RequestId(String.format("%032x", ++requests)), 1),
                  new TenantId("bench"),
                  1,
                  0,
                  prompt,
                  promptTokens,
                  outputTokens,
                  new Sampling(0, 1, 0, 0, -1),
                  new int[0],
                  0,
                  Optional.empty(),
                  Optional.empty()),
              batch.geometry().positionsMax(),
              BLOCK_TOKENS,
              System.nanoTime(),
              this));
    }

    void step() {
      stepper.step();
    }

    void finish() {
      while (!batch.isEmpty()) {
        stepper.step();
      }
    }

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public void started(int cachedPromptTokens) {}

    @Override
    public void token(int index, SampledToken token) {
      tokens++;
      firstTokens += index == 0 ? 1 : 0;
    }

    @Override
    public void ended(EndCause cause, SequenceUsage usage) {
      if (cause != EndCause.LENGTH) {
        throw new IllegalStateException("a sequence of the bench ended by " + cause);
      }
    }
  }
}
