package dev.cofferdam.scheduler.admission;

/** A request in the queue, and what happened to it there. */
public final class Waiting {
  /** A time that has not come. */
  public static final long NEVER = -1;

  private final long ticket;
  private final PoolRequest request;
  private final long enqueuedMs;
  private final int attachmentsSeen;
  private final String pausedOn;
  private int bypasses;
  private long withoutWorkerSinceMs = NEVER;
  private int lastPosition = -1;

  /**
   * @param ticket the caller's handle, rising with arrival
   * @param enqueuedMs when it came
   * @param attachmentsSeen how often a worker had been attached when it came; later ones were
   *     unknown to the router that ranked the candidates
   */
  public Waiting(long ticket, PoolRequest request, long enqueuedMs, int attachmentsSeen) {
    this.ticket = ticket;
    this.request = request;
    this.enqueuedMs = enqueuedMs;
    this.attachmentsSeen = attachmentsSeen;
    this.pausedOn = "";
  }

  private Waiting(long ticket, PoolRequest request, long pausedMs, String pausedOn) {
    this.ticket = ticket;
    this.request = request;
    this.enqueuedMs = pausedMs;
    this.attachmentsSeen = Integer.MAX_VALUE;
    this.pausedOn = pausedOn;
  }

  /**
   * A request that was preempted and waits to go on where it ran. Its caller has its answer.
   *
   * @param ticket below 0, so that it belongs to no caller
   * @param workerId where its state is
   */
  public static Waiting paused(long ticket, PoolRequest request, long nowMs, String workerId) {
    return new Waiting(ticket, request, nowMs, workerId);
  }

  /** Whether it was preempted, and goes on only where it ran. */
  public boolean isPaused() {
    return !pausedOn.isEmpty();
  }

  /** The worker that holds its state; empty where it has not run. */
  public String pausedOn() {
    return pausedOn;
  }

  /** The caller's handle. */
  public long ticket() {
    return ticket;
  }

  /** What is asked for. */
  public PoolRequest request() {
    return request;
  }

  /** When it came. */
  public long enqueuedMs() {
    return enqueuedMs;
  }

  /** How often a worker had been attached when it came. */
  public int attachmentsSeen() {
    return attachmentsSeen;
  }

  /** How often a later request was placed because this one did not fit anywhere. */
  public int bypasses() {
    return bypasses;
  }

  /** A later request was placed. */
  public void bypass() {
    bypasses++;
  }

  /** Since when no worker that may serve it is attached; {@link #NEVER} while there is one. */
  public long withoutWorkerSinceMs() {
    return withoutWorkerSinceMs;
  }

  /** Sets since when no worker is attached. */
  public void withoutWorkerSince(long ms) {
    withoutWorkerSinceMs = ms;
  }

  /** Whether a position is news for the caller. */
  public boolean moved(int position) {
    boolean news = position != lastPosition;
    lastPosition = position;
    return news;
  }
}
