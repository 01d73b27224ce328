package dev.cofferdam.local.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A running process in a session of its own, so that Ctrl-C on the terminal reaches the launcher
 * alone. Its standard input is a pipe from the launcher that is closed when the launcher ends.
 */
public final class ManagedProcess {
  private static final Optional<Path> SETSID = onPath("setsid");

  private final Process process;

  private ManagedProcess(Process process) {
    this.process = process;
  }

  /**
   * Starts a process.
   *
   * @throws UncheckedIOException where the program cannot be started
   */
  public static ManagedProcess start(ProcessSpec spec) {
    List<String> command = new ArrayList<>();
    SETSID.ifPresent(path -> command.add(path.toString()));
    command.addAll(spec.command());
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(spec.workingFolder().toFile())
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.PIPE)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(spec.log().toFile()));
    builder.environment().putAll(spec.environment());
    try {
      return new ManagedProcess(builder.start());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + spec.name() + ": " + e.getMessage(), e);
    }
  }

  /** A program of the search path. */
  public static Optional<Path> onPath(String program) {
    String path = System.getenv().getOrDefault("PATH", "");
    return Stream.of(path.split(":"))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Its process id; of the guard, where there is one. */
  public long pid() {
    return process.pid();
  }

  /** Whether it runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Its exit status, once it has ended. */
  public CompletableFuture<Integer> onExit() {
    return process.onExit().thenApply(Process::exitValue);
  }

  /** Asks it to end, and makes it end after a while. */
  public void stop(long waitMs) {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroy();
    if (!awaitEnd(waitMs)) {
      children = Stream.concat(children.stream(), process.descendants()).toList();
      process.destroyForcibly();
      children.forEach(ProcessHandle::destroyForcibly);
      awaitEnd(waitMs);
    }
  }

  /** Asks it to end, and waits for nothing. */
  public void terminate() {
    process.destroy();
  }

  /** Ends it and everything that it started with SIGKILL, as a crash would. */
  public void kill() {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroyForcibly();
    children.forEach(ProcessHandle::destroyForcibly);
    awaitEnd(10_000);
  }

  private boolean awaitEnd(long waitMs) {
    try {
      return process.waitFor(waitMs, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return !process.isAlive();
    }
  }
}
