package dev.cofferdam.local.process;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Things that start side by side. */
public final class Parallel {
  private Parallel() {}

  /**
   * Runs all, waits for all, and throws the first failure.
   *
   * @throws StartFailedException where a task failed with a checked exception, or the wait was
   *     interrupted
   */
  public static void run(List<Callable<Void>> tasks) {
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Void>> futures = tasks.stream().map(executor::submit).toList();
      @Nullable RuntimeException first = null;
      for (Future<Void> future : futures) {
        try {
          future.get();
        } catch (ExecutionException e) {
          if (first == null) {
            first =
                e.getCause() instanceof RuntimeException cause
                    ? cause
                    : new StartFailedException(String.valueOf(e.getCause()), e);
            executor.shutdownNow();
          }
        } catch (InterruptedException e) {
          executor.shutdownNow();
          Thread.currentThread().interrupt();
          throw new StartFailedException("interrupted", e);
        }
      }
      if (first != null) {
        throw first;
      }
    }
  }
}
