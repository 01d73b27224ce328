package dev.cofferdam.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Takes half a minute, which the usual run does not: {@code -Dimages.twice=true}. */
class JavaRuntimeTest {
  private static final String ASKED = "images.twice";

  @TempDir Path folder;

  @Test
  void twoRunsOfJlinkAndJibMakeTheSameDigest() throws Exception {
    assumeThat(Boolean.getBoolean(ASKED))
        .as("skipped: two images on two new Java runtimes; asked for by -D" + ASKED + "=true")
        .isTrue();
    for (String name : new String[] {"app/a.jar", "lib/main/b.jar", "quarkus/c.jar"}) {
      write("app/" + name);
    }
    write("app/quarkus-run.jar");
    write("sbom.json");

    String first = digest("first");
    String second = digest("second");

    assertThat(second).isEqualTo(first);
    assertThat(folder.resolve("first/bin/java")).isExecutable();
  }

  private String digest(String run) throws IOException, InterruptedException {
    JavaRuntime.make(folder.resolve(run));
    return new ServiceImage(
            "router",
            "0.1.0",
            "scratch",
            folder.resolve(run),
            folder.resolve("app"),
            folder.resolve("sbom.json"))
        .toTar(folder.resolve(run + ".tar"), folder.resolve("cache-" + run));
  }

  private void write(String name) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, name);
  }
}
