package dev.cofferdam.worker.app.bench;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cpu.CpuExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A batch of eight on {@link RandomModel}, each sequence with an adapter of its own, against the
 * same batch on the base model; and that batch while the adapters are loaded and not used. The
 * adapters are of rank 16, change every projection, and are stored in BF16.
 *
 * <p>A step of the batch reads the factors of all eight once, besides the weights: where memory is
 * what holds it up, the ratio is at most {@code weights / (weights + factors)}.
 */
final class LoraSection implements BenchSection {
  private static final int BATCH = 8;
  private static final int PROMPT = 16;
  private static final int DECODE_TOKENS = 24;

  private final CpuExecutor executor;
  private final String type;
  private final String suffix;
  private final List<LoraAdapter> distinct = new ArrayList<>();

  /**
   * @param type how the model's weights are kept
   * @param suffix of the metrics' names
   */
  LoraSection(WeightType type, String suffix) {
    this.type = type.name().toLowerCase(Locale.ROOT);
    this.suffix = suffix;
    executor =
        CpuExecutor.create(
            RandomModel.weights(RandomModel.CONFIG),
            new ExecutorOptions(64, 16, BATCH, BATCH, 256).withWeights(type));
  }

  @Override
  public String name() {
    return "eight adapters, " + type;
  }

  @Override
  public void prepare() {
    for (int i = 0; i < BATCH; i++) {
      distinct.add(RandomAdapter.of(RandomModel.CONFIG, i));
    }
    executor.warmUp();
  }

  @Override
  public void round(Samples samples) {
    double before = rate(List.of());
    double mixed = rate(distinct);
    double after = rate(List.of());
    double unused = rateWithUnused();
    double base = rate(List.of());
    samples.add("lora8_distinct" + suffix + "_tok_s", mixed, "tokens/s", (before + after) / 2);
    samples.addShare("lora8_distinct_ratio" + suffix, mixed, (before + after) / 2);
    samples.addShare("lora8_unused_ratio" + suffix, unused, (after + base) / 2);
  }

  private double rateWithUnused() {
    int[] slots = distinct.stream().mapToInt(executor::loadAdapter).toArray();
    double rate = rate(List.of());
    for (int slot : slots) {
      executor.unloadAdapter(slot);
    }
    return rate;
  }

  private double rate(List<LoraAdapter> adapters) {
    return BenchBatch.decodeRate(executor, BATCH, PROMPT, DECODE_TOKENS, adapters);
  }

  @Override
  public void close() {
    executor.close();
  }
}
