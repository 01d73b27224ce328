package dev.cofferdam.gateway.quota;

import dev.cofferdam.gateway.quota.Decision.Verdict;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What the limits mean, written down as naively as possible: every decision looks at the whole
 * history. The oracle of the limiters' random tests.
 */
public final class WindowModel {
  private final long windowMs;
  private final List<Request> history = new ArrayList<>();

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

  /** Settles; a second time changes nothing. */
  public void settle(String id, long used) {
    for (Request r : history) {
      if (r.id.equals(id) && !r.settled) {
        r.settled = true;
        r.used = used;
      }
    }
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
