package dev.cofferdam.verification.operations;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Prometheus' own checker. Debian has it in the package prometheus. */
final class Promtool {
  private static final Path PROGRAM = Path.of("/usr/bin/promtool");

  /** How a run ended, and what it said. */
  record Result(int status, String output) {}

  private Promtool() {}

  /** Skips the test where the program is not on the machine. */
  static void needed() {
    assumeTrue(
        Files.isExecutable(PROGRAM),
        "promtool is not installed (Debian: apt-get install prometheus)");
  }

  static Result run(Path folder, List<String> arguments) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of(PROGRAM.toString()));
    line.addAll(arguments);
    Process process =
        new ProcessBuilder(line).directory(folder.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), output);
  }
}
