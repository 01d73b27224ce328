package dev.cofferdam.gateway.dispatch;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Runs tasks one at a time and in order on an executor that has many threads, or on the caller's
 * where that has no room. A task that breaks off holds up no other: they run with the next one.
 */
final class Mailbox implements Executor {
  private final Executor executor;
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private boolean running;

  Mailbox(Executor executor) {
    this.executor = executor;
  }

  @Override
  public void execute(Runnable task) {
    synchronized (tasks) {
      tasks.add(task);
      if (running) {
        return;
      }
      running = true;
    }
    try {
      executor.execute(this::drain);
    } catch (RejectedExecutionException full) {
      drain();
    }
  }

  private void drain() {
    boolean empty = false;
    try {
      while (!empty) {
        empty = !runNext();
      }
    } finally {
      if (!empty) {
        synchronized (tasks) {
          running = false;
        }
      }
    }
  }

  private boolean runNext() {
    Runnable task;
    synchronized (tasks) {
      task = tasks.poll();
      running = task != null;
    }
    if (task != null) {
      task.run();
    }
    return task != null;
  }
}
