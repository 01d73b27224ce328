package dev.cofferdam.scheduler.ledger;

import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.admission.Waiting;
import dev.cofferdam.scheduler.fairness.Flow;
import org.jspecify.annotations.Nullable;

/**
 * A batch slot, KV blocks and an adapter slot of one worker, held by one attempt from its grant
 * until it ends.
 */
public final class Lease {
  private final PoolRequest request;
  private final Flow<Waiting> flow;
  private final String workerId;
  private final int kvBlocks;
  private final long kvBytes;
  private final long grantedMs;
  private final long queueWaitMs;
  private Served served = Served.NOTHING;
  private double charged;
  private long unusedUntilMs = Long.MAX_VALUE;
  private boolean started;
  private long startedMs;
  private long firstOutputMs;
  private long lastReportMs;
  private @Nullable Integer successorGeneratedTokens;
  private boolean borrowed;
  private boolean suspended;
  private int preemptions;
  private long runningSinceMs;
  private long ranMs;

  Lease(
      PoolRequest request,
      Flow<Waiting> flow,
      WorkerDescriptor worker,
      double charged,
      long grantedMs,
      long queueWaitMs) {
    this.request = request;
    this.flow = flow;
    this.workerId = worker.workerId();
    this.kvBlocks = request.kvBlocks(worker.blockTokens());
    this.kvBytes = kvBlocks * worker.pool(request.model()).blockBytes();
    this.charged = charged;
    this.grantedMs = grantedMs;
    this.runningSinceMs = grantedMs;
    this.queueWaitMs = queueWaitMs;
  }

  /** The attempt that holds it. */
  public AttemptKey key() {
    return request.key();
  }

  /** What was asked for. */
  public PoolRequest request() {
    return request;
  }

  /** Its tenant's account, which is remembered as long as this lasts. */
  public Flow<Waiting> flow() {
    return flow;
  }

  /** The worker. */
  public String workerId() {
    return workerId;
  }

  /** KV blocks held. */
  public int kvBlocks() {
    return kvBlocks;
  }

  /** KV bytes held. */
  public long kvBytes() {
    return kvBytes;
  }

  /** When it was granted. */
  public long grantedMs() {
    return grantedMs;
  }

  /** How long the request waited before. */
  public long queueWaitMs() {
    return queueWaitMs;
  }

  /** Weighted tokens that were charged for it. */
  public double charged() {
    return charged;
  }

  /** Sets what was charged for it. */
  public void charged(double weightedTokens) {
    charged = weightedTokens;
  }

  /** Sets how long it is kept without a report of its worker; an earlier end stays. */
  public void keepUnusedUntil(long ms) {
    unusedUntilMs = Math.min(unusedUntilMs, ms);
  }

  /** Whether its worker has not reported it in time. */
  public boolean isUnused(long nowMs) {
    return !started && nowMs >= unusedUntilMs;
  }

  /** Whether its worker has reported it. */
  public boolean started() {
    return started;
  }

  /** What was served. */
  public Served served() {
    return served;
  }

  /** Takes the worker's report. */
  public void report(Served now, long nowMs) {
    if (!started) {
      started = true;
      startedMs = nowMs;
    }
    if (served.outputTokens() == 0 && now.outputTokens() > 0) {
      firstOutputMs = nowMs;
    }
    served = served.max(now);
    lastReportMs = nowMs;
  }

  /** Milliseconds from the first report to the first output token, as the reports tell. */
  public long prefillMs() {
    return started
        ? Math.max(0, (firstOutputMs > 0 ? firstOutputMs : lastReportMs) - startedMs)
        : 0;
  }

  /** Milliseconds from the first output token to the last, as the reports tell. */
  public long decodeMs() {
    return firstOutputMs > 0 ? Math.max(0, lastReportMs - firstOutputMs) : 0;
  }

  /**
   * Output tokens that the client had when the next attempt was placed; null while there is none.
   */
  public @Nullable Integer successorGeneratedTokens() {
    return successorGeneratedTokens;
  }

  /** The next attempt was placed with so many output tokens. */
  public void succeeded(int generatedTokens) {
    successorGeneratedTokens = generatedTokens;
  }

  /** Whether it uses room that a more urgent class may ask back. */
  public boolean borrowed() {
    return borrowed;
  }

  /** Whether its request is preempted: it holds an adapter slot, and nothing else. */
  public boolean suspended() {
    return suspended;
  }

  /** How often it was preempted. */
  public int preemptions() {
    return preemptions;
  }

  /** Sets how often it was preempted, under an earlier scheduler. */
  public void preempted(int times) {
    preemptions = times;
  }

  /** Since when it runs without a pause. */
  public long runningSinceMs() {
    return runningSinceMs;
  }

  /** Milliseconds for which it ran, pauses left out. */
  public long ranMs(long nowMs) {
    return ranMs + (suspended ? 0 : nowMs - runningSinceMs);
  }

  void lend(boolean isBorrowed) {
    borrowed = isBorrowed;
  }

  void suspend(long nowMs) {
    ranMs = ranMs(nowMs);
    suspended = true;
    preemptions++;
  }

  void goOn(long nowMs) {
    suspended = false;
    runningSinceMs = nowMs;
  }

  /** As if {@link #suspend} had not been. */
  void unsuspend(long nowMs) {
    suspended = false;
    preemptions--;
    ranMs -= nowMs - runningSinceMs;
  }
}
