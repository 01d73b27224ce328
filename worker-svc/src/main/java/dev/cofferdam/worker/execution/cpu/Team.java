package dev.cofferdam.worker.execution.cpu;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The step thread and its helpers. A job's chunks are taken one by one by whoever is free, so that
 * a helper that another process keeps from running holds up at most the chunk that it has. Helpers
 * wait for the next job spinning for 20 µs, then parked. Allocates nothing per job.
 *
 * <p>Executors may share a team: a thread that finds it busy with another's job runs its own job
 * alone. The chunks' number, the next chunk and the job's number are one atomic word: who draws a
 * chunk that exists keeps its job from ending, and with it the job's fields from changing.
 */
public final class Team implements AutoCloseable {
  /** A piece of work in chunks that may run in any order and on any thread. */
  interface Job {
    /**
     * Runs a chunk.
     *
     * @param worker below {@link Team#size}; no other chunk runs with the same at the same time
     */
    void run(int chunk, int worker);
  }

  private static final long SPIN_NS = 20_000;
  private static final int COUNT_BITS = 20;
  private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;

  /** Most chunks of a job; half of what the word can hold, the rest is for draws in vain. */
  static final int CHUNKS_MAX = 1 << (COUNT_BITS - 1);

  private final Thread[] helpers;

  /** From high to low: number of the job, number of its chunks, next chunk. */
  private final AtomicLong draw = new AtomicLong();

  private final AtomicInteger done = new AtomicInteger();
  private final AtomicInteger parked = new AtomicInteger();
  private final AtomicBoolean busy = new AtomicBoolean();
  private @Nullable Job job;
  private volatile @Nullable Throwable failure;
  private volatile @Nullable Thread waiting;
  private volatile boolean closed;

  /**
   * Starts the helpers.
   *
   * @param size threads, the caller's included
   */
  public Team(int size) {
    helpers = new Thread[size - 1];
    for (int i = 0; i < helpers.length; i++) {
      int worker = i + 1;
      helpers[i] =
          Thread.ofPlatform().daemon().name("step-helper-" + worker).start(() -> help(worker));
    }
  }

  /** Threads, the caller's included. */
  int size() {
    return helpers.length + 1;
  }

  /**
   * Whether the helpers look for work at this moment, as they do behind a job: another costs a
   * microsecond then, and tens of them where one has to be woken.
   */
  boolean awake() {
    return parked.get() == 0;
  }

  /** Runs all chunks, on this thread alone. */
  static void alone(Job job, int chunks) {
    for (int chunk = 0; chunk < chunks; chunk++) {
      job.run(chunk, 0);
    }
  }

  /**
   * Runs all chunks, at most {@link #CHUNKS_MAX}; the caller's thread takes part as worker 0.
   *
   * @throws IllegalStateException when a chunk failed on a helper
   */
  void run(Job job, int chunks) {
    if (helpers.length == 0 || chunks == 1 || !busy.compareAndSet(false, true)) {
      alone(job, chunks);
      return;
    }
    try {
      runTogether(job, chunks);
    } finally {
      busy.set(false);
    }
  }

  private void runTogether(Job job, int chunks) {
    this.job = job;
    done.setPlain(0);
    draw.set(
        (((draw.get() >>> 2 * COUNT_BITS) + 1) << 2 * COUNT_BITS) | (long) chunks << COUNT_BITS);
    if (parked.get() > 0) {
      for (Thread helper : helpers) {
        LockSupport.unpark(helper);
      }
    }
    try {
      while (drawAndRun(0)) {}
    } finally {
      awaitDone(chunks);
    }
    Throwable failed = failure;
    if (failed != null) {
      failure = null;
      throw new IllegalStateException("a step's chunk failed", failed);
    }
  }

  private boolean drawAndRun(int worker) {
    long drawn = draw.get();
    if ((drawn & COUNT_MASK) >= (drawn >>> COUNT_BITS & COUNT_MASK)) {
      return false;
    }
    drawn = draw.getAndIncrement();
    int chunk = (int) (drawn & COUNT_MASK);
    int chunks = (int) (drawn >>> COUNT_BITS & COUNT_MASK);
    if (chunk >= chunks) {
      return false;
    }
    try {
      Job current = job;
      if (current != null) {
        current.run(chunk, worker);
      }
    } catch (Throwable e) {
      failure = e;
    } finally {
      if (done.incrementAndGet() == chunks) {
        LockSupport.unpark(waiting);
      }
    }
    return true;
  }

  private void awaitDone(int chunks) {
    if (spin(chunks)) {
      return;
    }
    waiting = Thread.currentThread();
    while (done.get() < chunks) {
      LockSupport.park(this);
    }
    waiting = null;
  }

  private boolean spin(int chunks) {
    long until = System.nanoTime() + SPIN_NS;
    while (done.get() < chunks) {
      if (System.nanoTime() - until > 0) {
        return false;
      }
      Thread.onSpinWait();
    }
    return true;
  }

  private void help(int worker) {
    long idleSince = System.nanoTime();
    while (!closed) {
      if (drawAndRun(worker)) {
        idleSince = System.nanoTime();
      } else if (System.nanoTime() - idleSince < SPIN_NS) {
        Thread.onSpinWait();
      } else {
        parkUntilWork();
        idleSince = System.nanoTime();
      }
    }
  }

  /** Counts itself as parked before it looks again: a job that begins in between sees the count. */
  private void parkUntilWork() {
    parked.incrementAndGet();
    long seen = draw.get();
    if ((seen & COUNT_MASK) >= (seen >>> COUNT_BITS & COUNT_MASK) && !closed) {
      LockSupport.park(this);
    }
    parked.decrementAndGet();
  }

  /** Ends the helpers. */
  @Override
  public void close() {
    closed = true;
    for (Thread helper : helpers) {
      LockSupport.unpark(helper);
    }
  }
}
