package dev.cofferdam.local.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that lets others go first is as nice as it says, and nobody else gets nicer by it. */
class YieldingProcessTest {
  private static final Path AUTOGROUP = Path.of("/proc/self/autogroup");

  @TempDir Path folder;

  private String ranAs(String script) throws Exception {
    Path log = folder.resolve("log");
    ManagedProcess process =
        ManagedProcess.start(
            new ProcessSpec("some", List.of("sh", "-c", script), Map.of(), folder, log).yielding());
    assertThat(process.onExit().get(30, TimeUnit.SECONDS)).isZero();
    return Files.readString(log).strip();
  }

  @Test
  void theProgramIsNicerThanItsLauncher() throws Exception {
    assumeThat(ManagedProcess.onPath("nice")).isPresent();
    int own =
        Integer.parseInt(
            new String(new ProcessBuilder("nice").start().getInputStream().readAllBytes()).strip());
    assertThat(Integer.parseInt(ranAs("nice"))).isEqualTo(Math.min(19, own + 5));
  }

  @Test
  void soIsItsSessionAndTheLaunchersStaysAsItWas() throws Exception {
    assumeThat(AUTOGROUP).exists();
    String own = Files.readString(AUTOGROUP);
    assertThat(ranAs("cat /proc/self/autogroup")).endsWith("nice 5");
    assertThat(Files.readString(AUTOGROUP)).isEqualTo(own);
  }

  @Test
  void argumentsArriveAsTheyAre() throws Exception {
    assertThat(ranAs("printf '%s|' 'a b' '$HOME' \"it's\"")).isEqualTo("a b|$HOME|it's|");
  }
}
