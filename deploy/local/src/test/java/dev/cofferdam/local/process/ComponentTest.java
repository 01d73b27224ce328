package dev.cofferdam.local.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComponentTest {
  @TempDir Path folder;
  private final List<String> reports = new CopyOnWriteArrayList<>();
  private Component component;

  private Component component(String script, Readiness readiness, long readyWaitMs) {
    ProcessSpec spec =
        new ProcessSpec(
            "thing", List.of("sh", "-c", script), Map.of(), folder, folder.resolve("thing.log"));
    component = new Component(spec, readiness, readyWaitMs, reports::add, () -> {});
    return component;
  }

  @AfterEach
  void stop() {
    component.stop();
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("gave up waiting").isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  private static void never() throws IOException {
    throw new IOException("it is asleep");
  }

  @Test
  void aProcessThatDiesAfterItServedIsReportedAndStartedAgain() throws Exception {
    component("exec sleep 300", () -> {}, 10_000);
    component.start();
    component.awaitReady();
    long first = component.pid().orElseThrow();
    component.kill();

    until(() -> component.pid().filter(pid -> pid != first).isPresent());
    until(() -> reports.contains("thing serves again"));
    assertThat(reports.get(0)).startsWith("thing ended (status 137); starting it again");
  }

  @Test
  void aProcessThatNeverServedFailsWithTheEndOfItsLog() {
    component("echo the port is taken; exit 3", ComponentTest::never, 10_000);
    component.start();

    assertThatThrownBy(component::awaitReady)
        .isInstanceOf(StartFailedException.class)
        .hasMessageContaining("thing did not start")
        .hasMessageContaining("| the port is taken")
        .hasMessageContaining(folder.resolve("thing.log").toString());
    assertThat(reports).isEmpty();
  }

  @Test
  void aProcessThatDoesNotServeInTimeFailsWithTheReason() {
    component("exec sleep 300", ComponentTest::never, 300);
    component.start();

    assertThatThrownBy(component::awaitReady).hasMessageContaining("it is asleep");
  }

  @Test
  void aStoppedProcessStaysDownUntilItIsStarted() throws Exception {
    component("exec sleep 300", () -> {}, 10_000);
    component.start();
    component.awaitReady();
    component.stop();
    assertThat(component.pid()).isEmpty();

    component.start();
    component.awaitReady();
    assertThat(component.pid()).isPresent();
    assertThat(reports).isEmpty();
  }

  @Test
  void whatItPrintsIsInItsLog() throws Exception {
    component("echo one; echo two >&2; exec sleep 300", () -> {}, 10_000);
    component.start();

    until(() -> LogTail.lines(folder.resolve("thing.log"), 5).size() == 2);
    assertThat(Files.readString(folder.resolve("thing.log"))).isEqualTo("one\ntwo\n");
  }
}
