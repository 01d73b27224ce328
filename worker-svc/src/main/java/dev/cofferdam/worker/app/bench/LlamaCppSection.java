package dev.cofferdam.worker.app.bench;

import dev.cofferdam.worker.execution.WeightType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * llama.cpp on the same model, with the same kind of weights (Q8_0 for int8), doing the same work
 * as {@link WeightsSection}, with which it takes turns.
 */
final class LlamaCppSection implements BenchSection {
  private final Machine machine;
  private final WeightType weights;
  private final String type;
  private final long weightBytes;
  private final Path peer;
  private @Nullable Path model;
  private @Nullable PeerProcess process;

  /**
   * @param peer folder with peer.mjs and its modules
   */
  LlamaCppSection(Machine machine, WeightType weights, Path peer) {
    this.machine = machine;
    this.weights = weights;
    this.type = weights.name().toLowerCase(Locale.ROOT);
    this.weightBytes = WeightsSection.bytesOfStep(weights);
    this.peer = peer;
  }

  @Override
  public String name() {
    return "254 M, " + type + ", llama.cpp";
  }

  @Override
  public void prepare() {
    try {
      model = Files.createTempFile("random-model", ".gguf");
      model.toFile().deleteOnExit(); // half a gigabyte that a run which is ended would leave
      RandomModelGguf.write(model, weights);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    process =
        new PeerProcess(
            List.of(
                "node",
                peer.resolve("peer.mjs").toString(),
                model.toString(),
                String.valueOf(machine.threads())));
  }

  @Override
  public void round(Samples samples) {
    double before = machine.dramBytesPerSecond();
    double[] rates = Objects.requireNonNull(process).measure();
    double dram = (before + machine.dramBytesPerSecond()) / 2;
    samples.add("llama_cpp_decode_b1_" + type + "_tok_s", rates[0], "tokens/s", dram / weightBytes);
    samples.add(
        "llama_cpp_prefill512_" + type + "_tok_s",
        rates[1],
        "tokens/s",
        machine.fmaFlopsPerSecond() / (2 * RandomModel.multiplyAddsOfToken(RandomModel.CONFIG)));
    samples.add("llama_cpp_decode_b16_" + type + "_tok_s", rates[2], "tokens/s", rates[0]);
  }

  @Override
  public void close() {
    if (process != null) {
      process.close();
    }
    if (model != null) {
      try {
        Files.deleteIfExists(model);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
