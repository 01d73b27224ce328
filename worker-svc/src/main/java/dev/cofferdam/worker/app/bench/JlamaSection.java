package dev.cofferdam.worker.app.bench;

import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.WeightType;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The best JVM peer, in a process of its own, beside our BF16 kernels in Java: the same weights,
 * the same work, one after the other in each round. Ratios say how many times faster ours are.
 */
final class JlamaSection implements BenchSection {
  private final WeightsSection ours;
  private final Path peer;
  private @Nullable Path folder;
  private @Nullable Process process;
  private @Nullable BufferedReader answers;

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
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx2g",
                  "--add-modules=jdk.incubator.vector",
                  "--enable-native-access=ALL-UNNAMED",
                  "--sun-misc-unsafe-memory-access=allow",
                  "-cp",
                  peer.resolve("lib") + "/*",
                  peer.resolve("JlamaPeer.java").toString(),
                  folder.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      answers = process.inputReader(StandardCharsets.UTF_8);
      answer("ready");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void round(Samples samples) {
    try {
      OutputStream asks = java.util.Objects.requireNonNull(process).getOutputStream();
      asks.write('\n');
      asks.flush();
      String[] rates = answer("").split(" ");
      double decode = Double.parseDouble(rates[0]);
      double prefill = Double.parseDouble(rates[1]);
      double ourDecode = ours.decodeRate();
      double ourPrefill = ours.prefillRate();
      samples.add("jlama_decode_b1_bf16_tok_s", decode, "tokens/s", ourDecode);
      samples.add("jlama_prefill512_bf16_tok_s", prefill, "tokens/s", ourPrefill);
      samples.add("decode_b1_bf16_over_jlama", ourDecode / decode, "ratio", 1);
      samples.add("prefill512_bf16_over_jlama", ourPrefill / prefill, "ratio", 1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The next line that begins so; libraries may write lines of their own before. */
  private String answer(String beginning) throws IOException {
    BufferedReader lines = java.util.Objects.requireNonNull(answers);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      boolean numbers = line.matches("[0-9.E]+ [0-9.E]+");
      if (beginning.isEmpty() ? numbers : line.startsWith(beginning)) {
        return line;
      }
    }
    throw new IOException("Jlama ended; see above");
  }

  @Override
  public void close() {
    ours.close();
    if (process != null) {
      process.destroy();
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
