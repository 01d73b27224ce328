package dev.cofferdam.worker.execution.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The fat binary in the jar and the sources of the kernels belong together. */
class KernelSourceTest {
  private static final Path SOURCES = Path.of("src/main/cuda");
  private static final Path BUILT =
      Path.of("src/main/resources/dev/cofferdam/worker/execution/cuda");

  /** First word of a fat binary. */
  private static final int MAGIC = 0xBA55ED50;

  @Test
  void theFatBinaryIsBuiltFromTheseSources() throws IOException, NoSuchAlgorithmException {
    MessageDigest hash = MessageDigest.getInstance("SHA-256");
    for (String suffix : List.of(".cu", ".cuh", ".h", "build.sh")) {
      for (Path source : filesWith(suffix)) {
        hash.update(Files.readAllBytes(source));
      }
    }
    assertEquals(
        Files.readString(BUILT.resolve("kernels.sha256")).strip(),
        HexFormat.of().formatHex(hash.digest()),
        "the kernels changed since src/main/cuda/build.sh was run");
  }

  @Test
  void theFatBinaryIsOne() throws IOException {
    byte[] binary = Files.readAllBytes(BUILT.resolve("kernels.fatbin"));
    assertTrue(binary.length > 10_000);
    int first =
        (binary[3] & 0xFF) << 24
            | (binary[2] & 0xFF) << 16
            | (binary[1] & 0xFF) << 8
            | binary[0] & 0xFF;
    assertEquals(MAGIC, first);
  }

  private static List<Path> filesWith(String suffix) throws IOException {
    try (Stream<Path> files = Files.list(SOURCES)) {
      return files.filter(file -> file.getFileName().toString().endsWith(suffix)).sorted().toList();
    }
  }
}
