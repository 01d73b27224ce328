package dev.cofferdam.gateway.quota;

import dev.cofferdam.gateway.quota.Decision.Verdict;
import dev.cofferdam.vocabulary.Burst;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Sliding windows in memory, for the time in which the shared store is out. The same rules as the
 * store's script: a request counts for a window, its reservation until it is settled or leaves the
 * window, whichever is later, and after settling what it used counts at its original time.
 *
 * <p>Memory is bounded: a tenant's entries by its bound of requests, tenants by {@link #trim}.
 * Thread-safe; holds one tenant's lock for one decision.
 */
public final class LocalLimits {
  private static final long IN_FLIGHT_WAIT_MS = 1_000;

  private final long windowMs;
  private final Map<TenantId, Windows> tenants = new ConcurrentHashMap<>();

  /**
   * @param windowMs length of the windows
   */
  public LocalLimits(long windowMs) {
    this.windowMs = windowMs;
  }

  /**
   * Decides, and reserves where it is granted; the entry is the caller's to {@link #settle}.
   *
   * @param spent what the tenant had spent when the store was last heard; a budget that stops and
   *     was spent then stops here, too
   */
  public Decision decide(long nowMs, Reservation reservation, Bounds bounds, Spent spent) {
    Decision[] decision = new Decision[1];
    tenants.compute(
        reservation.tenant().id(),
        (tenant, known) -> {
          Windows windows = known == null ? new Windows(windowMs) : known;
          decision[0] = windows.decide(nowMs, reservation, bounds, spent);
          return windows;
        });
    return decision[0];
  }

  /** Replaces a reservation by what was used; false where it was settled before. */
  public boolean settle(TenantId tenant, RequestId request, long usedTokens) {
    boolean[] settled = new boolean[1];
    tenants.computeIfPresent(
        tenant,
        (id, windows) -> {
          settled[0] = windows.settle(request, usedTokens);
          return windows;
        });
    return settled[0];
  }

  /** Forgets tenants without entries. */
  public void trim(long nowMs) {
    for (TenantId tenant : tenants.keySet()) {
      tenants.computeIfPresent(tenant, (id, windows) -> windows.idle(nowMs) ? null : windows);
    }
  }

  /** Tenants that are remembered. */
  public int tenants() {
    return tenants.size();
  }

  private static final class Entry {
    private final String model;
    private final long atMs;
    private long tokens;
    private boolean inFlight = true;
    private boolean left;

    Entry(String model, long atMs, long tokens) {
      this.model = model;
      this.atMs = atMs;
      this.tokens = tokens;
    }
  }

  private static final class Windows {
    private final long windowMs;
    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private final Map<String, Integer> requestsByModel = new HashMap<>();
    private final Map<RequestId, Entry> inFlight = new HashMap<>();
    private long tokens;

    /** The bucket's level, in requests times milliseconds of the window; -1: full. */
    private long bucket = -1;

    private long bucketMs;

    Windows(long windowMs) {
      this.windowMs = windowMs;
    }

    Decision decide(long nowMs, Reservation reservation, Bounds bounds, Spent spent) {
      expire(nowMs);
      long amount = reservation.tokens();
      int onModel = requestsByModel.getOrDefault(reservation.model(), 0);
      Verdict verdict = Verdict.GRANTED;
      long wait = 0;
      if (inFlight.size() >= bounds.inFlight()) {
        verdict = Verdict.IN_FLIGHT;
        wait = IN_FLIGHT_WAIT_MS;
      }
      if (entries.size() >= bounds.requests()) {
        long ms = waitForRequest(nowMs, entries.size() - bounds.requests(), null);
        if (verdict == Verdict.GRANTED || ms > wait) {
          verdict = Verdict.REQUESTS;
          wait = ms;
        }
      }
      if (onModel >= bounds.modelRequests()) {
        long ms = waitForRequest(nowMs, onModel - bounds.modelRequests(), reservation.model());
        if (verdict == Verdict.GRANTED || ms > wait) {
          verdict = Verdict.MODEL_REQUESTS;
          wait = ms;
        }
      }
      long level = level(nowMs, bounds.burst());
      if (level < windowMs) {
        long ms = Math.ceilDiv(windowMs - level, bounds.burst().requestsPerMinute());
        if (verdict == Verdict.GRANTED || ms > wait) {
          verdict = Verdict.BURST;
          wait = ms;
        }
      }
      if (amount > bounds.tokens()) {
        verdict = Verdict.TOKENS;
        wait = Decision.NEVER;
      } else if (tokens + amount > bounds.tokens()) {
        long ms = waitForTokens(nowMs, tokens + amount - bounds.tokens());
        if (verdict == Verdict.GRANTED || ms > wait) {
          verdict = Verdict.TOKENS;
          wait = ms;
        }
      }
      Optional<Verdict> stop = Verdict.ofSpent(bounds.budgets(), spent, nowMs);
      if (stop.isPresent()) {
        verdict = stop.get();
        wait = Decision.NEVER;
      }
      if (verdict == Verdict.GRANTED) {
        onModel++;
        add(nowMs, reservation, amount);
        bucket = level - windowMs;
        bucketMs = nowMs;
      }
      return new Decision(verdict, nowMs, state(nowMs, bounds, onModel), wait, spent);
    }

    private long level(long nowMs, Burst burst) {
      long full = burst.requests() * windowMs;
      return bucket < 0
          ? full
          : Math.min(full, bucket + Math.max(0, nowMs - bucketMs) * burst.requestsPerMinute());
    }

    boolean settle(RequestId request, long usedTokens) {
      Entry entry = inFlight.remove(request);
      if (entry == null) {
        return false;
      }
      entry.inFlight = false;
      long counts = entry.left ? 0 : usedTokens;
      tokens += counts - entry.tokens;
      entry.tokens = counts;
      return true;
    }

    boolean idle(long nowMs) {
      expire(nowMs);
      return entries.isEmpty() && inFlight.isEmpty();
    }

    private void add(long nowMs, Reservation reservation, long amount) {
      Entry entry = new Entry(reservation.model(), nowMs, amount);
      entries.addLast(entry);
      inFlight.put(reservation.request(), entry);
      requestsByModel.merge(entry.model, 1, Integer::sum);
      tokens += amount;
    }

    private void expire(long nowMs) {
      for (Entry e = entries.peekFirst();
          e != null && e.atMs + windowMs <= nowMs;
          e = entries.peekFirst()) {
        entries.removeFirst();
        requestsByModel.computeIfPresent(e.model, (model, n) -> n == 1 ? null : n - 1);
        e.left = true;
        if (!e.inFlight) {
          tokens -= e.tokens;
        }
      }
    }

    private long waitForRequest(long nowMs, long stay, @Nullable String model) {
      long index = 0;
      for (Entry e : entries) {
        if ((model == null || e.model.equals(model)) && index++ == stay) {
          return Math.max(1, e.atMs + windowMs - nowMs);
        }
      }
      return windowMs;
    }

    private long waitForTokens(long nowMs, long excess) {
      long rest = excess;
      for (Entry e : entries) {
        rest -= e.tokens;
        if (rest <= 0) {
          return Math.max(1, e.atMs + windowMs - nowMs);
        }
      }
      return IN_FLIGHT_WAIT_MS;
    }

    private LimitState state(long nowMs, Bounds bounds, long onModel) {
      long requestsLeft = Math.max(0, bounds.requests() - entries.size());
      long modelLeft = Math.max(0, bounds.modelRequests() - onModel);
      boolean byModel = modelLeft < requestsLeft;
      Iterator<Entry> newest = entries.descendingIterator();
      long resetMs = newest.hasNext() ? Math.max(0, newest.next().atMs + windowMs - nowMs) : 0;
      return new LimitState(
          byModel ? bounds.modelRequests() : bounds.requests(),
          byModel ? modelLeft : requestsLeft,
          resetMs,
          bounds.tokens(),
          Math.max(0, bounds.tokens() - tokens),
          tokens == 0 ? 0 : resetMs);
    }
  }
}
