package dev.cofferdam.gateway.batch;

import dev.cofferdam.vocabulary.RefusedException;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs jobs whose time has come, those of all tenants, some at once, and deletes files whose time
 * is over. A job is a gateway's for a lease that it prolongs while it lives; what a dead gateway
 * leaves is taken by another when the lease is over.
 */
public final class BatchRunner implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(BatchRunner.class);
  private static final int DUE_AT_ONCE = 32;
  private static final String FILE = "file-";
  private static final long CLOSE_MS = 2_000;

  /** A job that has to wait for so long takes nobody else's turn. */
  private static final long WAIT_MS = 10_000;

  private final BatchStore store;
  private final BatchLines lines;
  private final BatchSettings settings;
  private final InstantSource clock;
  private final String owner;
  private final Map<Thread, Taken> taken = new ConcurrentHashMap<>();
  private final AtomicLong failures = new AtomicLong();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("batches").factory());

  /** A job, and until when it is surely this gateway's. */
  private record Taken(BatchRun run, AtomicLong untilMs) {}

  /**
   * @param owner this gateway and no other, nor this one before it started
   */
  public BatchRunner(
      BatchStore store,
      BatchLines lines,
      BatchSettings settings,
      InstantSource clock,
      String owner) {
    this.store = store;
    this.lines = lines;
    this.settings = settings;
    this.clock = clock;
    this.owner = owner;
  }

  /** Begins to look for jobs. */
  public void start() {
    long ms = settings.poll().toMillis();
    timer.scheduleWithFixedDelay(this::look, ms, ms, TimeUnit.MILLISECONDS);
  }

  /** Jobs that run here. */
  public int running() {
    return taken.size();
  }

  /** Looks that found the store away, or failed otherwise. */
  public long failures() {
    return failures.get();
  }

  private void look() {
    if (!lines.ready()) {
      return;
    }
    try {
      taken.keySet().removeIf(thread -> !thread.isAlive());
      taken.values().forEach(this::keep);
      if (taken.size() < settings.batchesAtOnce()) {
        takeSome();
      } else {
        makeRoom();
      }
    } catch (RefusedException storeIsAway) {
      failures.incrementAndGet();
    } catch (RuntimeException bug) {
      broken(bug);
    }
  }

  /** Without its message, which could hold content. */
  private void broken(RuntimeException bug) {
    failures.incrementAndGet();
    StackTraceElement[] trace = bug.getStackTrace();
    LOG.error("batch jobs: {} at {}", bug.getClass().getName(), trace.length == 0 ? "-" : trace[0]);
  }

  private void keep(Taken one) {
    long now = clock.millis();
    BatchRun run = one.run();
    if (now >= run.batch().expiresMs()) {
      run.stop(BatchRun.Stop.EXPIRED);
    }
    if (!lines.mayRun(run.batch())) {
      run.stop(BatchRun.Stop.REVOKED);
    }
    long leaseMs = settings.lease().toMillis();
    if (one.untilMs().get() - now > leaseMs * 2 / 3) {
      return;
    }
    try {
      Optional<Batch> kept = store.keep(run.batch(), owner, leaseMs);
      if (kept.isEmpty()) {
        run.stop(BatchRun.Stop.LOST);
      } else {
        one.untilMs().set(now + leaseMs);
        if (kept.get().status() == BatchStatus.CANCELLING) {
          run.stop(BatchRun.Stop.CANCELLED);
        }
      }
    } catch (RefusedException storeIsAway) {
      failures.incrementAndGet();
      if (now >= one.untilMs().get()) {
        run.stop(BatchRun.Stop.LOST);
      }
    }
  }

  private void takeSome() {
    Iterator<BatchStore.Due> due = store.due(DUE_AT_ONCE).iterator();
    while (due.hasNext() && taken.size() < settings.batchesAtOnce()) {
      BatchStore.Due one = due.next();
      if (one.id().startsWith(FILE)) {
        store.delete(one.tenant(), one.id());
      } else {
        long leaseMs = settings.lease().toMillis();
        long untilMs = clock.millis() + leaseMs;
        store.take(one, owner, leaseMs).ifPresent(batch -> begin(batch, untilMs));
      }
    }
  }

  /** Jobs that only wait, such as for a budget of tomorrow, give way to those that could be run. */
  private void makeRoom() {
    List<BatchRun> waiting =
        taken.values().stream().map(Taken::run).filter(run -> run.pauseMs() >= WAIT_MS).toList();
    if (!waiting.isEmpty()) {
      int wanted = store.due(DUE_AT_ONCE).size();
      waiting.stream().limit(wanted).forEach(run -> run.stop(BatchRun.Stop.WAITS));
    }
  }

  private void begin(Batch batch, long untilMs) {
    BatchRun run = new BatchRun(batch, store, lines, settings, clock, owner, this::broken);
    Thread thread = Thread.ofVirtual().name("batch").unstarted(() -> run(run));
    taken.put(thread, new Taken(run, new AtomicLong(untilMs)));
    thread.start();
  }

  private void run(BatchRun run) {
    try {
      run.run();
    } catch (RuntimeException bug) {
      broken(bug);
    }
  }

  /** Gives back what runs, so that another gateway goes on at once. */
  @Override
  public void close() {
    timer.shutdown();
    taken.values().forEach(one -> one.run().stop(BatchRun.Stop.SHUTDOWN));
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MS);
    try {
      for (Thread thread : taken.keySet()) {
        thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime())));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
