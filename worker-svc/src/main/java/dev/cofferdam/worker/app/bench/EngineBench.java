package dev.cofferdam.worker.app.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cpu.Kernels;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Measures the bare engine: planner, executor and sampler, without gRPC. Prints a table, and writes
 * a list of {@code {metric, value, unit, baseline, ratio}} as JSON. Every baseline is measured in
 * the same run; figures are medians of {@link #ROUNDS} rounds, in which sections that are compared
 * take turns.
 *
 * <p>Arguments: model folder, file for the JSON, and, for a part of it, names of sections. Needs a
 * heap of 6 GB. The properties {@code cofferdam.bench.jlama} and {@code cofferdam.bench.llama-cpp}
 * name the folders of peers.
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
    bench.run(machine, Path.of(arguments[0]), List.of(arguments).subList(2, arguments.length));
    List<Figure> figures = bench.samples.medians();
    print(bench.out, figures);
    new ObjectMapper()
        .writerWithDefaultPrettyPrinter()
        .writeValue(Path.of(arguments[1]).toFile(), figures);
  }

  /** Sections that are compared with one another stand in one group, and take turns. */
  private static List<Map<String, Supplier<BenchSection>>> groups(Machine machine, Path model) {
    List<Map<String, Supplier<BenchSection>>> groups = new ArrayList<>();
    groups.add(Map.of("shipped", () -> new ShippedModelSection(machine, model)));
    for (WeightType type : List.of(WeightType.F32, WeightType.BF16, WeightType.INT8)) {
      String name = type.name().toLowerCase(Locale.ROOT);
      Map<String, Supplier<BenchSection>> group = new LinkedHashMap<>();
      group.put(name, () -> new WeightsSection(machine, type, KernelChoice.JAVA));
      if (Kernels.of(KernelChoice.AUTO, type).nativeKernel().isPresent()) {
        group.put(name + "_native", () -> new WeightsSection(machine, type, KernelChoice.NATIVE));
      }
      String llamaCpp = System.getProperty("cofferdam.bench.llama-cpp");
      if (llamaCpp != null) {
        group.put(name + "_llama_cpp", () -> new LlamaCppSection(machine, type, Path.of(llamaCpp)));
      }
      groups.add(group);
    }
    groups.add(Map.of("lora", () -> new LoraSection(WeightType.F32, "")));
    groups.add(Map.of("lora_bf16", () -> new LoraSection(WeightType.BF16, "_bf16")));
    groups.add(Map.of("steps", StepSection::new));
    groups.add(Map.of("walls", WallsSection::new));
    String jlama = System.getProperty("cofferdam.bench.jlama");
    if (jlama != null) {
      groups.add(Map.of("jlama", () -> new JlamaSection(machine, Path.of(jlama))));
    }
    return groups;
  }

  private void run(Machine machine, Path model, List<String> wanted) {
    List<Map<String, Supplier<BenchSection>>> groups = groups(machine, model);
    Set<String> names = new LinkedHashSet<>();
    groups.forEach(group -> names.addAll(group.keySet()));
    if (!names.containsAll(wanted)) {
      throw new IllegalArgumentException("sections: " + wanted + " (expected: " + names + ")");
    }
    for (Map<String, Supplier<BenchSection>> group : groups) {
      run(
          machine,
          group.entrySet().stream()
              .filter(section -> wanted.isEmpty() || wanted.contains(section.getKey()))
              .map(section -> section.getValue().get())
              .toList());
    }
  }

  private void run(Machine machine, List<BenchSection> sections) {
    for (BenchSection section : sections) {
      progress("warming up " + section.name());
      section.prepare();
      section.round(new Samples());
    }
    for (int round = 1; round <= ROUNDS && !sections.isEmpty(); round++) {
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
  }

  private void progress(String what) {
    out.printf(Locale.ROOT, "[%5.1f s] %s%n", (System.nanoTime() - begunNs) / 1e9, what);
  }

  /** Prints a table of figures. */
  static void print(PrintStream out, List<Figure> figures) {
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
