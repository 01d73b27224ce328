package dev.cofferdam.worker.residency.thread;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.Sequence;
import dev.cofferdam.worker.batching.SequenceProgress;
import dev.cofferdam.worker.batching.Submissions;
import dev.cofferdam.worker.residency.ResidentModels;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The step thread, the only one that touches batches and executors. Fed by a bounded mailbox;
 * sleeps when there is nothing to run.
 */
public final class StepLoop implements Submissions, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StepLoop.class);
  private static final long PROGRESS_NS = 10_000_000;

  /**
   * With sequences of which none can run: a reader may be slow, a pause may last, a model may load.
   */
  private static final long BLOCKED_PARK_NS = 20_000_000;

  /** Takes progress in, on the step thread: must not block. */
  @FunctionalInterface
  public interface ProgressListener {
    /**
     * @param progress of the sequences that were served since the last call
     * @param kvBlocksFree blocks that no sequence holds
     */
    void progress(List<SequenceProgress> progress, int kvBlocksFree);
  }

  private record Submitted(String model, Sequence sequence) {}

  private final ResidentModels models;
  private final ProgressListener progress;
  private final Runnable onFatal;
  private final ArrayBlockingQueue<Submitted> mailbox;
  private final Queue<TenantId> keysToDestroy = new ConcurrentLinkedQueue<>();
  private final AtomicReference<@Nullable Map<TenantId, Long>> guarantees = new AtomicReference<>();
  private final Thread thread;
  private volatile boolean closing;
  private volatile long stepBegunNs;
  private long progressToldNs;

  /**
   * Starts the thread.
   *
   * @param mailboxMax sequences that may wait to be taken in
   * @param progress told every 10 ms while there is work
   * @param onFatal run when blocks cannot be zeroed or a batch is broken: the process must end
   */
  public StepLoop(
      ResidentModels models, int mailboxMax, ProgressListener progress, Runnable onFatal) {
    this.models = models;
    this.progress = progress;
    this.onFatal = onFatal;
    this.mailbox = new ArrayBlockingQueue<>(mailboxMax);
    this.thread = Thread.ofPlatform().daemon().name("step").start(this::run);
  }

  @Override
  public boolean submit(String model, Sequence sequence) {
    if (closing || !mailbox.offer(new Submitted(model, sequence))) {
      return false;
    }
    wake();
    return true;
  }

  @Override
  public void destroyKey(TenantId tenant) {
    keysToDestroy.add(tenant);
    wake();
  }

  @Override
  public void guarantee(Map<TenantId, Long> bytes) {
    guarantees.set(Map.copyOf(bytes));
    wake();
  }

  @Override
  public void wake() {
    LockSupport.unpark(thread);
  }

  /** Milliseconds that the current step has taken so far; 0 between steps. */
  public long stepMs(long nowNs) {
    long begun = stepBegunNs;
    return begun == 0 ? 0 : Math.max(0, (nowNs - begun) / 1_000_000);
  }

  private void run() {
    try {
      while (!closing || !models.isEmpty() || !mailbox.isEmpty()) {
        turn();
      }
    } catch (Throwable e) {
      LOG.error("the step loop is broken: {}", describe(e));
      onFatal.run();
    } finally {
      models.close();
    }
  }

  private void turn() {
    for (Submitted next = mailbox.poll(); next != null; next = mailbox.poll()) {
      models.add(next.model, next.sequence);
    }
    for (TenantId t = keysToDestroy.poll(); t != null; t = keysToDestroy.poll()) {
      models.destroyKey(t);
    }
    Map<TenantId, Long> guaranteed = guarantees.getAndSet(null);
    if (guaranteed != null) {
      for (String model : models.guarantee(guaranteed)) {
        LOG.warn(
            "the KV pool of {} is smaller than what {} tenants are sure of; each gets its share",
            model,
            guaranteed.size());
      }
    }
    if (closing) {
      models.endAll(EndCause.SHUTDOWN);
    }
    long now = System.nanoTime();
    stepBegunNs = now == 0 ? 1 : now;
    boolean ran = models.turn();
    stepBegunNs = 0;
    tellProgress();
    if (!ran && !closing && mailbox.isEmpty() && keysToDestroy.isEmpty()) {
      if (models.isEmpty() && !models.isLoading()) {
        LockSupport.park(this);
      } else {
        LockSupport.parkNanos(this, BLOCKED_PARK_NS);
      }
    }
  }

  private void tellProgress() {
    long now = System.nanoTime();
    if (now - progressToldNs >= PROGRESS_NS) {
      List<SequenceProgress> told = models.progress(now);
      if (!told.isEmpty()) {
        progressToldNs = now;
        progress.progress(told, models.memory().stats().blocksUnheld());
      }
    }
  }

  /** Logs what an executor threw, without its message. */
  public static void logFailure(Throwable reason) {
    LOG.error("a step failed: {}", describe(reason));
  }

  /** Class and place, without the message, which could hold content. */
  private static String describe(Throwable e) {
    StringBuilder text = new StringBuilder(e.getClass().getName());
    StackTraceElement[] trace = e.getStackTrace();
    for (int i = 0; i < Math.min(8, trace.length); i++) {
      text.append("\n  at ").append(trace[i]);
    }
    return text.toString();
  }

  /** Ends all sequences, and the thread. */
  @Override
  public void close() {
    closing = true;
    wake();
    try {
      thread.join(10_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
