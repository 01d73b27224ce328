package dev.cofferdam.worker.app.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Another engine in a process of its own. It says {@code ready}, and answers each empty line with a
 * line of numbers: what it measured. Other lines are its libraries' own.
 */
final class PeerProcess implements AutoCloseable {
  private final Process process;
  private final OutputStream asks;
  private final BufferedReader answers;

  /** Starts it, and waits until it is ready. */
  PeerProcess(List<String> command) {
    try {
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      asks = process.getOutputStream();
      answers = process.inputReader(StandardCharsets.UTF_8);
      line("ready");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Has it measure once. */
  double[] measure() {
    try {
      asks.write('\n');
      asks.flush();
      String numbers = line("[0-9.E]+( [0-9.E]+)+");
      return Arrays.stream(numbers.split(" ")).mapToDouble(Double::parseDouble).toArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String line(String pattern) throws IOException {
    for (String line = answers.readLine(); line != null; line = answers.readLine()) {
      if (line.matches(pattern)) {
        return line;
      }
    }
    throw new IOException("the peer ended; see above");
  }

  @Override
  public void close() {
    process.destroy();
  }
}
