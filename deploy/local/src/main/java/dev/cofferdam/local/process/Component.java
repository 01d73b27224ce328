package dev.cofferdam.local.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A process of the mesh that is kept running: when it ends although it is wanted, that is reported
 * and it is started again, after a pause that grows, provided that it has served before.
 * Thread-safe.
 */
public final class Component {
  private static final long POLL_MS_MIN = 10;
  private static final long POLL_MS_MAX = 150;
  private static final long STOP_WAIT_MS = 10_000;
  private static final long PAUSE_MS_MIN = 250;
  private static final long PAUSE_MS_MAX = 10_000;
  private static final long STEADY_MS = 30_000;
  private static final long LOG_BYTES_MAX = 16 << 20;

  private final ProcessSpec spec;
  private final Readiness readiness;
  private final long readyWaitMs;
  private final Consumer<String> report;
  private final Runnable onChange;
  private @Nullable ManagedProcess process;
  private boolean wanted;
  private boolean wasReady;
  private long startedMs;
  private long pauseMs = PAUSE_MS_MIN;

  /**
   * @param readyWaitMs how long it may take to become ready
   * @param report told of ends and restarts, in words
   * @param onChange told of each new process
   */
  public Component(
      ProcessSpec spec,
      Readiness readiness,
      long readyWaitMs,
      Consumer<String> report,
      Runnable onChange) {
    this.spec = spec;
    this.readiness = readiness;
    this.readyWaitMs = readyWaitMs;
    this.report = report;
    this.onChange = onChange;
  }

  /** Its name. */
  public String name() {
    return spec.name();
  }

  /** How it is started. */
  public ProcessSpec spec() {
    return spec;
  }

  /** Its process id while it runs. */
  public synchronized Optional<Long> pid() {
    ManagedProcess current = process;
    return current != null && current.isAlive() ? Optional.of(current.pid()) : Optional.empty();
  }

  /** Starts it where it does not run; does not wait until it is ready. */
  public void start() {
    synchronized (this) {
      wanted = true;
      if (process != null && process.isAlive()) {
        return;
      }
      launch();
    }
    onChange.run();
  }

  private void launch() {
    rotateLog();
    ManagedProcess next = ManagedProcess.start(spec);
    process = next;
    startedMs = System.currentTimeMillis();
    next.onExit().thenAccept(status -> ended(next, status));
  }

  private void rotateLog() {
    try {
      if (Files.exists(spec.log()) && Files.size(spec.log()) > LOG_BYTES_MAX) {
        Files.move(
            spec.log(),
            spec.log().resolveSibling(spec.log().getFileName() + ".1"),
            StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      report.accept("cannot rotate the log " + spec.log() + ": " + e.getMessage());
    }
  }

  private void ended(ManagedProcess which, int status) {
    long pause;
    synchronized (this) {
      if (process != which || !wanted || !wasReady) {
        return;
      }
      boolean wasSteady = System.currentTimeMillis() - startedMs > STEADY_MS;
      pause = wasSteady ? PAUSE_MS_MIN : pauseMs;
      pauseMs = Math.min(PAUSE_MS_MAX, pause * 2);
    }
    report.accept(
        "%s ended (status %d); starting it again in %d ms; log: %s"
            .formatted(name(), status, pause, spec.log()));
    Thread.ofVirtual().name("restart-" + name()).start(() -> restartLater(which, pause));
  }

  private void restartLater(ManagedProcess which, long pause) {
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      return;
    }
    synchronized (this) {
      if (process != which || !wanted) {
        return;
      }
      launch();
    }
    onChange.run();
    try {
      awaitReady();
      report.accept(name() + " serves again");
    } catch (StartFailedException e) {
      report.accept(name() + " is not ready yet: " + e.getMessage());
    }
  }

  /**
   * Waits until it serves.
   *
   * @throws StartFailedException where it does not in time, or ends before
   */
  public void awaitReady() {
    long deadline = System.currentTimeMillis() + readyWaitMs;
    String why = "";
    long pollMs = POLL_MS_MIN;
    while (System.currentTimeMillis() < deadline) {
      ManagedProcess current;
      synchronized (this) {
        current = process;
      }
      if (current == null || !current.isAlive()) {
        if (current == null || !mayRestart()) {
          throw failed("it ended before it was ready");
        }
      } else {
        try {
          readiness.check();
          markReady();
          return;
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw failed("interrupted");
        } catch (Exception e) {
          why = e.getMessage() == null ? e.toString() : e.getMessage();
        }
      }
      sleep(pollMs);
      pollMs = Math.min(POLL_MS_MAX, pollMs + POLL_MS_MIN);
    }
    throw failed("not ready after " + readyWaitMs / 1000 + " s: " + why);
  }

  /** One that never served is not started again: its settings are wrong. */
  private synchronized boolean mayRestart() {
    return wanted && wasReady;
  }

  private synchronized void markReady() {
    wasReady = true;
  }

  private StartFailedException failed(String why) {
    List<String> tail = LogTail.lines(spec.log(), 15);
    StringBuilder message = new StringBuilder(name() + " did not start: " + why);
    tail.forEach(line -> message.append("\n    | ").append(line));
    message.append("\n    log: ").append(spec.log());
    return new StartFailedException(message.toString());
  }

  private static void sleep(long pauseMs) {
    try {
      Thread.sleep(pauseMs);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartFailedException("interrupted", e);
    }
  }

  /** Tells whether it serves right now. */
  public boolean isReady() {
    if (pid().isEmpty()) {
      return false;
    }
    try {
      readiness.check();
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (Exception e) {
      return false;
    }
  }

  /** Ends it in good order; it stays down until it is started. */
  public void stop() {
    stop(STOP_WAIT_MS);
  }

  /**
   * Ends it in good order; it stays down until it is started.
   *
   * @param waitMs how long it may take before it is killed
   */
  public void stop(long waitMs) {
    ManagedProcess current;
    synchronized (this) {
      wanted = false;
      current = process;
      process = null;
    }
    if (current != null) {
      current.stop(waitMs);
    }
    onChange.run();
  }

  /** Asks it to end, as an orchestrator would; once it has, it is started again. */
  public void terminate() {
    ManagedProcess current;
    synchronized (this) {
      current = process;
    }
    if (current != null) {
      current.terminate();
    }
  }

  /** Kills it as a crash would; it is reported and started again. */
  public void kill() {
    ManagedProcess current;
    synchronized (this) {
      current = process;
    }
    if (current != null) {
      current.kill();
    }
  }
}
