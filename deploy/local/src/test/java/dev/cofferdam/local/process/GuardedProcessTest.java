package dev.cofferdam.local.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing is left behind, however the launcher or the program ends. */
class GuardedProcessTest {
  @TempDir Path folder;

  /** A launcher of its own process: starts a guarded program and waits to be killed. */
  public static final class Launcher {
    private Launcher() {}

    public static void main(String[] args) throws InterruptedException {
      ManagedProcess.start(sleeper(Path.of(args[0])));
      Thread.sleep(Duration.ofMinutes(5));
    }
  }

  private static ProcessSpec sleeper(Path folder) {
    return program(folder, "echo $$ >pid; exec sleep 300");
  }

  private static ProcessSpec program(Path folder, String script) {
    return new ProcessSpec(
            "sleeper", List.of("sh", "-c", script), Map.of(), folder, folder.resolve("log"))
        .guarded("TERM");
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("gave up waiting").isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  private ProcessHandle program() throws Exception {
    Path file = folder.resolve("pid");
    until(() -> file.toFile().length() > 0);
    return ProcessHandle.of(Long.parseLong(Files.readString(file).strip())).orElseThrow();
  }

  @Test
  void theProgramEndsWhenTheLauncherIsKilled() throws Exception {
    Process launcher =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Launcher.class.getName(),
                folder.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("launcher.log").toFile())
            .start();
    ProcessHandle program = program();
    assertThat(program.isAlive()).isTrue();
    launcher.destroyForcibly();
    until(() -> !program.isAlive());
  }

  @Test
  void stoppingEndsTheProgramAndItsGuard() throws Exception {
    ManagedProcess process = ManagedProcess.start(sleeper(folder));
    ProcessHandle program = program();
    List<ProcessHandle> all = ProcessHandle.of(process.pid()).orElseThrow().descendants().toList();
    process.stop(10_000);

    assertThat(process.isAlive()).isFalse();
    until(() -> !program.isAlive() && all.stream().noneMatch(ProcessHandle::isAlive));
  }

  @Test
  void theGuardEndsWithTheProgramsStatus() throws Exception {
    ManagedProcess process = ManagedProcess.start(program(folder, "exit 7"));

    assertThat(process.onExit().get(30, TimeUnit.SECONDS)).isEqualTo(7);
  }

  @Test
  void aProgramThatIgnoresTheSignalIsKilled() throws Exception {
    ManagedProcess process =
        ManagedProcess.start(
            program(folder, "trap '' TERM; echo $$ >pid; while :; do sleep 1; done"));
    ProcessHandle program = program();
    process.stop(500);

    until(() -> !program.isAlive());
  }
}
