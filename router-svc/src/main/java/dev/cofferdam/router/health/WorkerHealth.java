package dev.cofferdam.router.health;

import dev.cofferdam.vocabulary.TenantId;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Ejects workers that fail, or are far slower than their peers: no request goes to such a worker
 * for a while, a longer one each time, then it is tried again. Thread-safe.
 */
public final class WorkerHealth {
  private static final int WORKERS_MAX = 20_000;

  private final Settings settings;
  private final SlowWorkers slow;
  private final Map<String, State> workers =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, State> eldest) {
          return size() > WORKERS_MAX;
        }
      };

  /** Changed seldom, and read for every placement without a lock. */
  private volatile Map<String, Ejection> ejections = Map.of();

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

    /** These, with another first ejection. */
    public Settings withEjectedMs(long ms) {
      return new Settings(requestsMin, failureRateMax, windowMs, ms, Math.max(ms, ejectedMsMax));
    }
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
    this.slow = new SlowWorkers(SlowWorkers.Settings.DEFAULT);
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
      eject(workerId, state, Ejection.Cause.FAILS, "", nowMs);
    }
  }

  /**
   * A request was served to its end.
   *
   * @param shared whether the worker serves several tenants; then no single one decides
   * @param tokenMs mean milliseconds from one output token to the next
   */
  public synchronized void served(
      String pool,
      String model,
      String workerId,
      TenantId tenant,
      boolean shared,
      double tokenMs,
      long nowMs) {
    if (!ejected(workerId, nowMs)) {
      slow.add(new SlowWorkers.Peers(pool, model), workerId, tenant, shared, tokenMs, nowMs);
    }
    for (SlowWorkers.Outlier outlier : slow.sweep(nowMs, id -> ejected(id, nowMs))) {
      String detail =
          String.format(
              Locale.ROOT,
              "%.1f ms each, beside %.1f ms on the pool's other workers",
              outlier.tokenMs(),
              outlier.peersTokenMs());
      State state =
          workers.computeIfAbsent(outlier.workerId(), unused -> new State(settings.windowMs()));
      eject(outlier.workerId(), state, Ejection.Cause.SLOW, detail, nowMs);
    }
  }

  private void eject(
      String workerId, State state, Ejection.Cause cause, String detail, long nowMs) {
    state.ejections++;
    long lasts = Math.min(settings.ejectedMs() * state.ejections, settings.ejectedMsMax());
    state.untilMs = nowMs + lasts;
    state.rate.forget();
    slow.forget(workerId);
    Map<String, Ejection> all = new HashMap<>(ejections);
    all.values().removeIf(ejection -> nowMs >= ejection.untilMs());
    all.put(workerId, new Ejection(cause, detail, state.untilMs));
    ejections = Map.copyOf(all);
  }

  /** Whether no request should go to a worker. */
  public boolean ejected(String workerId, long nowMs) {
    Ejection ejection = ejections.get(workerId);
    return ejection != null && nowMs < ejection.untilMs();
  }

  /** Why no request should go to a worker; empty where one may. */
  public Optional<Ejection> ejection(String workerId, long nowMs) {
    return Optional.ofNullable(ejections.get(workerId)).filter(e -> nowMs < e.untilMs());
  }

  /** Workers that are ejected. */
  public int ejections(long nowMs) {
    return (int) ejections.values().stream().filter(e -> nowMs < e.untilMs()).count();
  }
}
