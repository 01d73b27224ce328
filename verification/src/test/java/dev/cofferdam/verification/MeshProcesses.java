package dev.cofferdam.verification;

import dev.cofferdam.local.LocalMesh;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The processes of a local mesh, to kill, stop and start. */
public final class MeshProcesses {
  private final LocalMesh local;

  MeshProcesses(LocalMesh local) {
    this.local = local;
  }

  /** Kills a process with SIGKILL; it comes back by itself. */
  public void kill(String process) {
    local.kill(process);
  }

  /** A process does nothing more, and its connections stay open, until it is told to go on. */
  public void hang(String process) {
    signal(process, "-STOP");
  }

  /** A process that hung goes on. */
  public void goOn(String process) {
    signal(process, "-CONT");
  }

  private void signal(String process, String signal) {
    String pid = local.process(process).pid().orElseThrow().toString();
    try {
      int status = new ProcessBuilder("kill", signal, pid).inheritIO().start().waitFor();
      if (status != 0) {
        throw new IllegalStateException("kill " + signal + " " + pid + ": status " + status);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Asks a process to end with SIGTERM; it comes back by itself. */
  public void terminate(String process) {
    local.terminate(process);
  }

  /** Waits until a process serves. */
  public void awaitUp(String process) {
    local.awaitReady(process);
  }

  public void stopKafka() {
    local.stopKafka();
  }

  public void startKafka() {
    local.startKafka();
  }

  public void stopRedis() {
    local.stopRedis();
  }

  public void startRedis() {
    local.startRedis();
  }
}
