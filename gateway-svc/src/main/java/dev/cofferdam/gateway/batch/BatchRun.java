package dev.cofferdam.gateway.batch;

import dev.cofferdam.vocabulary.RefusedException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One job that this gateway has taken: its lines that are not written yet, some at once. A line
 * that cannot be run now holds up the whole job, as the limits that refuse it are the tenant's. A
 * line whose outcome was written is never run again; one that was cut off is.
 */
final class BatchRun {
  private static final long PAUSE_MS_MIN = 1_000;
  private static final long PAUSE_MS_MAX = 30_000;

  /** Why it runs no more lines. */
  enum Stop {
    /** Its tenant ended it. */
    CANCELLED,
    /** Its time is over. */
    EXPIRED,
    /** What its submitter showed does not hold any more. */
    REVOKED,
    /** Nothing of it can ever be run. */
    NEVER,
    /** It has to wait, and others could be run instead. */
    WAITS,
    /** It is another gateway's. */
    LOST,
    /** This gateway ends. */
    SHUTDOWN
  }

  private final Batch batch;
  private final BatchStore store;
  private final BatchLines lines;
  private final BatchSettings settings;
  private final InstantSource clock;
  private final String owner;
  private final Consumer<RuntimeException> broken;
  private final Set<BatchLines.Running> inFlight = ConcurrentHashMap.newKeySet();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final BitSet left = new BitSet();
  private final Lock writing = new ReentrantLock();
  private List<String> texts = List.of();
  private volatile @Nullable Stop why;
  private volatile long pausedUntilMs;

  /**
   * @param owner under which this gateway has taken it
   * @param broken told of bugs
   */
  BatchRun(
      Batch batch,
      BatchStore store,
      BatchLines lines,
      BatchSettings settings,
      InstantSource clock,
      String owner,
      Consumer<RuntimeException> broken) {
    this.batch = batch;
    this.store = store;
    this.lines = lines;
    this.settings = settings;
    this.clock = clock;
    this.owner = owner;
    this.broken = broken;
  }

  Batch batch() {
    return batch;
  }

  /**
   * Runs no more lines, and ends those that run, unless it has only to wait. The first reason
   * counts.
   */
  void stop(Stop reason) {
    synchronized (this) {
      if (stopped.getCount() == 0) {
        return;
      }
      why = reason;
      stopped.countDown();
    }
    if (reason != Stop.WAITS) {
      inFlight.forEach(BatchLines.Running::cancel);
    }
  }

  /** Milliseconds for which none of its lines can be run. */
  long pauseMs() {
    return Math.max(0, pausedUntilMs - clock.millis());
  }

  private boolean over() {
    return stopped.getCount() == 0;
  }

  /** Runs it; returns when it has ended, or is not this gateway's any more. */
  void run() {
    if (batch.status() == BatchStatus.CANCELLING) {
      stop(Stop.CANCELLED);
    }
    try {
      texts = store.lines(batch.tenant(), batch.inputFile());
      left.set(0, texts.size());
      left.andNot(store.written(batch));
      runLines();
      end();
    } catch (RefusedException storeIsAway) {
      stop(Stop.LOST); // its lease runs out, and whoever takes it goes on
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void runLines() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    int atOnce = Math.min(settings.linesAtOnce(), lines.atOnceMax(batch));
    for (int i = 0; i < atOnce; i++) {
      threads.add(Thread.ofVirtual().name("batch-" + i).start(this::work));
    }
    for (Thread thread : threads) {
      thread.join();
    }
  }

  private void work() {
    try {
      for (int line = next(); line >= 0; line = next()) {
        boolean done = false;
        try {
          done = done(line);
        } finally {
          if (!done) {
            putBack(line);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException bug) {
      broken.accept(bug);
      stop(Stop.NEVER); // it would break again wherever it is run
    }
  }

  private void putBack(int line) {
    synchronized (left) {
      left.set(line);
    }
  }

  /** A line that nobody runs; -1 where there is none, or none is to be run. */
  private int next() {
    synchronized (left) {
      int line = over() ? -1 : left.nextSetBit(0);
      if (line >= 0) {
        left.clear(line);
      }
      return line;
    }
  }

  /** Runs a line until it is written; false where it was cut off. */
  private boolean done(int line) throws InterruptedException {
    for (int tries = 0; awaitPause(); tries++) {
      if (!lines.mayRun(batch)) {
        stop(Stop.REVOKED);
        return false;
      }
      switch (outcome(line, tries > 0)) {
        case BatchLines.Outcome.Done done -> {
          return written(line, done);
        }
        case BatchLines.Outcome.Later later -> pause(later.after(), tries);
        case BatchLines.Outcome.Never unused -> stop(Stop.NEVER);
      }
    }
    return false;
  }

  private BatchLines.Outcome outcome(int line, boolean again) {
    BatchLines.Running running = lines.run(batch, texts.get(line), again);
    inFlight.add(running);
    try {
      if (over()) {
        running.cancel();
      }
      return running.outcome().join();
    } catch (CancellationException cutOff) {
      return new BatchLines.Outcome.Later(Duration.ZERO);
    } finally {
      inFlight.remove(running);
    }
  }

  private void pause(Duration after, int tries) {
    long backoff = Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN << Math.min(tries, 10));
    long until = clock.millis() + Math.max(backoff, after.toMillis());
    synchronized (this) {
      pausedUntilMs = Math.max(pausedUntilMs, until);
    }
  }

  /** Waits until lines may be run; false where none may be any more. */
  private boolean awaitPause() throws InterruptedException {
    for (long ms = pausedUntilMs - clock.millis(); ms > 0; ms = pausedUntilMs - clock.millis()) {
      if (stopped.await(ms, TimeUnit.MILLISECONDS)) {
        return false;
      }
    }
    return !over();
  }

  /** An outcome is kept in memory until the store has it, or the job is lost. */
  private boolean written(int line, BatchLines.Outcome.Done done) throws InterruptedException {
    while (true) {
      try {
        if (write(line, done)) {
          return true;
        }
        stop(Stop.LOST);
        return false;
      } catch (RefusedException storeIsAway) {
        if (over() && why == Stop.LOST) {
          return false;
        }
        Thread.sleep(settings.poll());
      }
    }
  }

  /** One at a time: a tenant has few transactions at once. */
  private boolean write(int line, BatchLines.Outcome.Done done) {
    writing.lock();
    try {
      return store.write(batch, owner, line, done.answered(), done.text());
    } finally {
      writing.unlock();
    }
  }

  private void end() {
    switch (why) {
      case null -> end(BatchStatus.COMPLETED);
      case CANCELLED -> end(left.isEmpty() ? BatchStatus.COMPLETED : BatchStatus.CANCELLED);
      case EXPIRED -> end(left.isEmpty() ? BatchStatus.COMPLETED : BatchStatus.EXPIRED);
      case REVOKED -> end(left.isEmpty() ? BatchStatus.COMPLETED : BatchStatus.REVOKED);
      case NEVER -> end(BatchStatus.FAILED);
      case WAITS ->
          store.giveBack(
              batch, owner, Math.clamp(batch.expiresMs() - clock.millis(), 0, pauseMs()));
      case SHUTDOWN -> store.giveBack(batch, owner, 0);
      case LOST -> {
        // Another gateway's to end.
      }
    }
  }

  private void end(BatchStatus status) {
    if (status != BatchStatus.FAILED) {
      String code = "batch_" + status.label();
      for (int line = left.nextSetBit(0); line >= 0; line = left.nextSetBit(line + 1)) {
        if (!store.write(batch, owner, line, false, lines.given(batch, texts.get(line), code))) {
          return;
        }
      }
    }
    store.end(batch, owner, status, clock.millis());
  }
}
