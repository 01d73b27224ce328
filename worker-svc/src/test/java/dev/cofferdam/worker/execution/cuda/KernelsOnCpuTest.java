package dev.cofferdam.worker.execution.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The kernels' sources, compiled for the CPU by {@code src/test/cuda}, against references in double
 * precision; without g++ on x86-64, nothing is tested.
 */
class KernelsOnCpuTest {
  private static final Path FOLDER = Path.of("target/cuda-on-cpu");

  private record Run(int status, String output) {}

  @BeforeAll
  static void compile() {
    assumeTrue("amd64".equals(System.getProperty("os.arch")), "the shim is for x86-64");
    assumeTrue(hasCompiler(), "no g++");
    Run build = run("src/test/cuda/build.sh", FOLDER.toString());
    assertEquals(0, build.status, build.output);
  }

  @TestFactory
  Stream<DynamicTest> kernels() {
    List<String> names = run(tests(), "list").output.lines().toList();
    assertFalse(names.isEmpty());
    return IntStream.range(0, names.size())
        .mapToObj(
            i ->
                DynamicTest.dynamicTest(
                    names.get(i),
                    () -> {
                      Run run = run(tests(), "run", Integer.toString(i));
                      assertEquals(0, run.status, run.output);
                    }));
  }

  @Test
  void everyPlantedMistakeIsFound() {
    Run run = run(tests(), "mutants");
    assertEquals(0, run.status, run.output);
  }

  private static boolean hasCompiler() {
    try {
      return new ProcessBuilder("g++", "--version")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static String tests() {
    return FOLDER.resolve("kernels_test").toString();
  }

  private static Run run(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Run(process.waitFor(), output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static IllegalStateException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IllegalStateException(e);
  }
}
