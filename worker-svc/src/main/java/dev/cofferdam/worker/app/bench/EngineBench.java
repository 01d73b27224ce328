package dev.cofferdam.worker.app.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cpu.Kernels;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Measures the bare engine: planner, executor and sampler, without gRPC. Prints a table, and writes
 * a list of {@code {metric, value, unit, baseline, ratio}} as JSON. Every baseline is measured in
 * the same run; figures are medians of {@link #ROUNDS} rounds, in which the sections take turns.
 *
 * <p>Arguments: model folder, file for the JSON, and, for a part of it, names of sections. Needs a
 * heap of 8 GB.
 */
public final class EngineBench {
  private static final int ROUNDS = 5;

  private final PrintStream out;
  private final Samples samples = new Samples();
  private final long begunNs = System.nanoTime();

  private EngineBench(PrintStream out) {
    this.out = out;
  }

  /**
   * Runs the bench.
   *
   * @throws IOException when the file cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 2) {
      throw new IllegalArgumentException("arguments: model folder, file for the JSON [section…]");
    }
    EngineBench bench = new EngineBench(System.out);
    bench.progress("probing the machine");
    Machine machine = new Machine();
    List<String> wanted = List.of(arguments).subList(2, arguments.length);
    List<BenchSection> sections = sections(machine, Path.of(arguments[0]), wanted);
    List<Figure> figures = bench.run(machine, sections);
    bench.print(figures);
    new ObjectMapper()
        .writerWithDefaultPrettyPrinter()
        .writeValue(Path.of(arguments[1]).toFile(), figures);
  }

  private static List<BenchSection> sections(Machine machine, Path model, List<String> wanted) {
    Map<String, Supplier<BenchSection>> all = new LinkedHashMap<>();
    all.put("shipped", () -> new ShippedModelSection(machine, model));
    for (WeightType type : WeightType.values()) {
      String name = type.name().toLowerCase(Locale.ROOT);
      all.put(name, () -> new WeightsSection(machine, type, KernelChoice.JAVA));
      if (Kernels.of(KernelChoice.AUTO, type).nativeKernel().isPresent()) {
        all.put(name + "_native", () -> new WeightsSection(machine, type, KernelChoice.NATIVE));
      }
    }
    all.put("lora", () -> new LoraSection(WeightType.F32, ""));
    all.put("lora_bf16", () -> new LoraSection(WeightType.BF16, "_bf16"));
    all.put("steps", StepSection::new);
    all.put("walls", WallsSection::new);
    if (!all.keySet().containsAll(wanted)) {
      throw new IllegalArgumentException(
          "sections: " + wanted + " (expected: " + all.keySet() + ")");
    }
    all.keySet().removeIf(name -> !wanted.isEmpty() && !wanted.contains(name));
    return all.values().stream().map(Supplier::get).toList();
  }

  private List<Figure> run(Machine machine, List<BenchSection> sections) {
    for (BenchSection section : sections) {
      progress("warming up " + section.name());
      section.prepare();
      section.round(new Samples());
    }
    for (int round = 1; round <= ROUNDS; round++) {
      double flops = machine.fmaFlopsPerSecond();
      double bytes = machine.dramBytesPerSecond();
      for (BenchSection section : sections) {
        progress("round " + round + " of " + ROUNDS + ": " + section.name());
        section.round(samples);
      }
      samples.add("machine_dram_gb_s", machine.dramBytesPerSecond() / 1e9, "GB/s", bytes / 1e9);
      samples.add("machine_fma_gflops", machine.fmaFlopsPerSecond() / 1e9, "Gflop/s", flops / 1e9);
    }
    sections.forEach(BenchSection::close);
    return samples.medians();
  }

  private void progress(String what) {
    out.printf(Locale.ROOT, "[%5.1f s] %s%n", (System.nanoTime() - begunNs) / 1e9, what);
  }

  private void print(List<Figure> figures) {
    out.printf(
        Locale.ROOT, "%-34s %12s %-9s %12s %7s%n", "metric", "value", "unit", "baseline", "ratio");
    for (Figure f : figures) {
      out.printf(
          Locale.ROOT,
          "%-34s %12.3f %-9s %12.3f %7.3f%n",
          f.metric(),
          f.value(),
          f.unit(),
          f.baseline(),
          f.ratio());
    }
  }
}
