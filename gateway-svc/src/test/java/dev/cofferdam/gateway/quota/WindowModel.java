package dev.cofferdam.gateway.quota;

import dev.cofferdam.gateway.quota.Decision.Verdict;
import dev.cofferdam.vocabulary.Burst;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the limits mean, written down as naively as possible: every decision looks at the whole
 * history. The oracle of the limiters' random tests.
 */
public final class WindowModel {
  private static final long DAY_MS = 86_400_000;

  private final long windowMs;
  private final List<Request> history = new ArrayList<>();
  private final Map<Long, Long> tokensByDay = new HashMap<>();

  /** A request that was granted. */
  public static final class Request {
    final String id;
    final String model;
    final long atMs;
    final long reserved;
    long leaseEndMs;
    boolean settled;
    long used;

    Request(String id, String model, long atMs, long reserved, long leaseEndMs) {
      this.id = id;
      this.model = model;
      this.atMs = atMs;
      this.reserved = reserved;
      this.leaseEndMs = leaseEndMs;
    }

    /** Its id. */
    public String id() {
      return id;
    }

    /** When it was granted. */
    public long atMs() {
      return atMs;
    }

    /** What it reserved. */
    public long reserved() {
      return reserved;
    }
  }

  /** What the model expects of a decision; a wait of -2 is one that it does not foretell. */
  public record Expected(Verdict verdict, long waitMs, long remainingRequests, long remaining) {}

  public WindowModel(long windowMs) {
    this.windowMs = windowMs;
  }

  /** Decides, and remembers what is granted. */
  public Expected decide(
      long now, String id, String model, long amount, Bounds bounds, long leaseMs) {
    Verdict verdict = Verdict.GRANTED;
    long wait = 0;
    if (inFlight(now) >= bounds.inFlight()) {
      verdict = Verdict.IN_FLIGHT;
      wait = 1_000;
    }
    long requests = bounds.requests() - times(now, null).size();
    if (requests <= 0) {
      long ms = waitForOne(now, times(now, null), bounds.requests());
      if (verdict == Verdict.GRANTED || ms > wait) {
        verdict = Verdict.REQUESTS;
        wait = ms;
      }
    }
    long onModel = bounds.modelRequests() - times(now, model).size();
    if (onModel <= 0) {
      long ms = waitForOne(now, times(now, model), bounds.modelRequests());
      if (verdict == Verdict.GRANTED || ms > wait) {
        verdict = Verdict.MODEL_REQUESTS;
        wait = ms;
      }
    }
    long level = level(now, bounds.burst());
    if (level < windowMs) {
      long ms = Math.ceilDiv(windowMs - level, bounds.burst().requestsPerMinute());
      if (verdict == Verdict.GRANTED || ms > wait) {
        verdict = Verdict.BURST;
        wait = ms;
      }
    }
    boolean foretold = true;
    if (amount > bounds.tokens()) {
      verdict = Verdict.TOKENS;
      wait = Decision.NEVER;
    } else if (tokens(now) + amount > bounds.tokens()) {
      foretold = history.stream().noneMatch(r -> alive(r, now) && r.atMs + windowMs <= now);
      long ms = waitForTokens(now, tokens(now) + amount - bounds.tokens());
      if (verdict == Verdict.GRANTED || ms > wait) {
        verdict = Verdict.TOKENS;
        wait = ms;
      }
    }
    long budget = bounds.budgets().dailyTokens().orElse(Long.MAX_VALUE);
    if (spent(now) + amount > budget) {
      verdict = Verdict.DAILY_TOKENS;
      wait = Decision.NEVER;
    } else if (spent(now) + held(now) + amount > budget && wait != Decision.NEVER) {
      if (verdict == Verdict.GRANTED || 1_000 > wait) {
        verdict = Verdict.DAILY_TOKENS;
        wait = 1_000;
      }
    }
    if (verdict == Verdict.GRANTED) {
      history.add(new Request(id, model, now, amount, now + leaseMs));
      requests--;
      onModel--;
    }
    return new Expected(
        foretold ? verdict : null,
        wait,
        Math.max(0, Math.min(requests, onModel)),
        Math.max(0, bounds.tokens() - tokens(now)));
  }

  /** Settles; a second time changes nothing, and is false. */
  public boolean settle(long now, String id, long used) {
    for (Request r : history) {
      if (r.id.equals(id) && !r.settled) {
        r.settled = true;
        r.used = used;
        spend(now, used);
        return true;
      }
    }
    return false;
  }

  /** Counts tokens for the budget of a day. */
  public void spend(long now, long used) {
    tokensByDay.merge(now / DAY_MS, used, Long::sum);
  }

  /** Tokens that are spent in the day. */
  public long spent(long now) {
    return tokensByDay.getOrDefault(now / DAY_MS, 0L);
  }

  /** Tokens that requests in flight hold. */
  public long held(long now) {
    return history.stream().filter(r -> alive(r, now)).mapToLong(r -> r.reserved).sum();
  }

  /** The bucket filled and emptied by every request so far; in requests times milliseconds. */
  private long level(long now, Burst burst) {
    long full = burst.requests() * windowMs;
    long level = full;
    long last = now;
    for (Request r : history) {
      level = Math.min(full, level + Math.max(0, r.atMs - last) * burst.requestsPerMinute());
      level -= windowMs;
      last = r.atMs;
    }
    return Math.min(full, level + (now - last) * burst.requestsPerMinute());
  }

  /** Prolongs a lease that has not ended; whether it had not. */
  public boolean heartbeat(long now, String id, long leaseMs) {
    for (Request r : history) {
      if (r.id.equals(id) && alive(r, now)) {
        r.leaseEndMs = now + leaseMs;
        return true;
      }
    }
    return false;
  }

  /** All requests that were granted. */
  public List<Request> history() {
    return history;
  }

  /** Requests in flight. */
  public long inFlight(long now) {
    return history.stream().filter(r -> alive(r, now)).count();
  }

  private static boolean alive(Request r, long now) {
    return !r.settled && r.leaseEndMs > now;
  }

  private long counts(Request r, long now) {
    if (r.settled) {
      return r.atMs + windowMs > now ? r.used : 0;
    }
    return alive(r, now) ? r.reserved : 0;
  }

  private long tokens(long now) {
    return history.stream().mapToLong(r -> counts(r, now)).sum();
  }

  private List<Long> times(long now, String model) {
    return history.stream()
        .filter(r -> model == null || r.model.equals(model))
        .map(r -> r.atMs)
        .filter(at -> at + windowMs > now)
        .sorted()
        .toList();
  }

  private long waitForOne(long now, List<Long> times, long limit) {
    return times.get((int) (times.size() - limit)) + windowMs - now;
  }

  private long waitForTokens(long now, long excess) {
    long rest = excess;
    long wait = 0;
    List<Request> byAge = new ArrayList<>(history);
    byAge.sort(Comparator.comparingLong(r -> r.atMs));
    for (Request r : byAge) {
      rest -= counts(r, now);
      wait = r.atMs + windowMs - now;
      if (rest <= 0) {
        return wait;
      }
    }
    return wait;
  }
}
