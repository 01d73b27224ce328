package dev.cofferdam.router.health;

import dev.cofferdam.vocabulary.TenantId;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Ejects workers that fail: no request goes to such a worker for a while, a longer one each time,
 * then it is tried again. Thread-safe.
 */
public final class WorkerHealth {
  private static final int WORKERS_MAX = 20_000;

  private final Settings settings;
  private final Map<String, State> workers =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, State> eldest) {
          return size() > WORKERS_MAX;
        }
      };

  /** Whether any worker may be ejected; spares placements the lock. */
  private volatile long ejectedUntilMs;

  /**
   * When a worker is ejected.
   *
   * @param requestsMin from how many requests of the window on
   * @param failureRateMax mean of its tenants' rates above which it is ejected
   * @param windowMs the window
   * @param ejectedMs for how long the first time; the n-th time n times as long
   * @param ejectedMsMax bound of that
   */
  public record Settings(
      int requestsMin, double failureRateMax, long windowMs, long ejectedMs, long ejectedMsMax) {
    /** Five requests of which more than half fail, within 30 s. */
    public static final Settings DEFAULT = new Settings(5, 0.5, 30_000, 10_000, 300_000);
  }

  private static final class State {
    private final FailureRate rate;
    private int ejections;
    private long untilMs;

    private State(long windowMs) {
      rate = new FailureRate(windowMs);
    }
  }

  public WorkerHealth(Settings settings) {
    this.settings = settings;
  }

  /**
   * An attempt ended on a worker.
   *
   * @param shared whether the worker serves several tenants; then the requests of at least two must
   *     fail, so that none can take a worker from the others
   */
  public synchronized void observe(
      String workerId, TenantId tenant, boolean shared, boolean failed, long nowMs) {
    State state = workers.computeIfAbsent(workerId, unused -> new State(settings.windowMs()));
    state.rate.add(tenant, failed, nowMs);
    if (!failed) {
      boolean longAgo = nowMs - state.untilMs > settings.ejectedMsMax();
      state.ejections = longAgo ? 0 : state.ejections;
    } else if (nowMs >= state.untilMs
        && state.rate.requests(nowMs) >= settings.requestsMin()
        && state.rate.mean(nowMs) > settings.failureRateMax()
        && state.rate.tenantsFailing(nowMs) >= (shared ? 2 : 1)) {
      state.ejections++;
      long lasts = Math.min(settings.ejectedMs() * state.ejections, settings.ejectedMsMax());
      state.untilMs = nowMs + lasts;
      state.rate.forget();
      ejectedUntilMs = Math.max(ejectedUntilMs, state.untilMs);
    }
  }

  /** Whether no request should go to a worker. */
  public boolean ejected(String workerId, long nowMs) {
    if (nowMs >= ejectedUntilMs) {
      return false;
    }
    synchronized (this) {
      State state = workers.get(workerId);
      return state != null && nowMs < state.untilMs;
    }
  }

  /** Workers that are ejected. */
  public synchronized int ejections(long nowMs) {
    return (int) workers.values().stream().filter(state -> nowMs < state.untilMs).count();
  }
}
