package dev.cofferdam.worker.app.bench;

import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.WeightType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The best JVM peer, in a process of its own, beside our BF16 kernels in Java: the same weights,
 * the same work, one after the other in each round. Ratios say how many times faster ours are.
 */
final class JlamaSection implements BenchSection {
  private final WeightsSection ours;
  private final Path peer;
  private @Nullable Path folder;
  private @Nullable PeerProcess process;

  /**
   * @param peer folder with JlamaPeer.java, and its libraries in {@code lib}
   */
  JlamaSection(Machine machine, Path peer) {
    this.ours = new WeightsSection(machine, WeightType.BF16, KernelChoice.JAVA);
    this.peer = peer;
  }

  @Override
  public String name() {
    return "254 M, bf16, Jlama";
  }

  @Override
  public void prepare() {
    ours.prepare();
    try {
      folder = Files.createTempDirectory("random-model");
      RandomModelFile.write(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    process =
        new PeerProcess(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx2g",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                peer.resolve("lib") + "/*",
                peer.resolve("JlamaPeer.java").toString(),
                folder.toString()));
  }

  @Override
  public void round(Samples samples) {
    double[] rates = Objects.requireNonNull(process).measure();
    double ourDecode = ours.decodeRate();
    double ourPrefill = ours.prefillRate();
    samples.add("jlama_decode_b1_bf16_tok_s", rates[0], "tokens/s", ourDecode);
    samples.add("jlama_prefill512_bf16_tok_s", rates[1], "tokens/s", ourPrefill);
    samples.add("decode_b1_bf16_over_jlama", ourDecode / rates[0], "ratio", 1);
    samples.add("prefill512_bf16_over_jlama", ourPrefill / rates[1], "ratio", 1);
  }

  @Override
  public void close() {
    ours.close();
    if (process != null) {
      process.close();
    }
    if (folder != null) {
      try {
        Files.deleteIfExists(folder.resolve("model.safetensors"));
        Files.deleteIfExists(folder);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
