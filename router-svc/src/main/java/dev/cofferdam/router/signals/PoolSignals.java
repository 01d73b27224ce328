package dev.cofferdam.router.signals;

import dev.cofferdam.router.health.Latencies;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the autoscaler of each pool is told: what waits for it, and how long requests take to their
 * first token. A request counts for the pool that it was sent to, and for no other. Thread-safe.
 */
public final class PoolSignals {
  private static final long WINDOW_MS = 60_000;
  private static final int POOLS_MAX = 10_000;

  private final Map<String, State> pools = new HashMap<>();

  private static final class State {
    private final Latencies ttft = new Latencies(WINDOW_MS);
    private int waiting;
    private long waitingTokens;
  }

  /**
   * A pool's signals.
   *
   * @param waiting requests of this router's that wait in the pool's queue
   * @param waitingTokens input and output tokens that they may need
   * @param ttftP90Ms 90th percentile, of all routers' requests of the last minute, of the time from
   *     the queue to the first token
   */
  public record Signals(int waiting, long waitingTokens, double ttftP90Ms) {}

  /** A request was sent to a pool's queue. */
  public synchronized void entered(String pool, long tokens) {
    State state = state(pool);
    state.waiting++;
    state.waitingTokens += tokens;
  }

  /** It was granted or refused, or gave up. */
  public synchronized void left(String pool, long tokens) {
    State state = state(pool);
    state.waiting--;
    state.waitingTokens -= tokens;
  }

  /** A request of a pool had its first token. */
  public synchronized void firstToken(String pool, long ms, long nowMs) {
    state(pool).ttft.add(ms, nowMs);
  }

  private State state(String pool) {
    if (pools.size() >= POOLS_MAX && !pools.containsKey(pool)) {
      pools.values().removeIf(state -> state.waiting == 0);
    }
    return pools.computeIfAbsent(pool, unused -> new State());
  }

  /** The signals of each pool, by name. */
  public synchronized Map<String, Signals> all(long nowMs) {
    Map<String, Signals> all = new TreeMap<>();
    pools.forEach(
        (pool, state) ->
            all.put(
                pool,
                new Signals(
                    state.waiting, state.waitingTokens, state.ttft.quantileMs(0.9, nowMs))));
    return all;
  }
}
