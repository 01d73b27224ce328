package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Decides requests from slices of tenants' limits that this gateway has leased. What does not fit
 * the slice at hand is not refused here but left to the store; the next slice is asked for before
 * one is used up. Slices grow while they are used up early and shrink while they are not.
 *
 * <p>A slice counts in the store from the moment in which it is taken, and requests take from it
 * for {@link LeaseSettings#sliceMs}: in any window a tenant is granted at most its limit and one
 * slice for each gateway.
 *
 * <p>Plain code with the time as a parameter. Thread-safe; a decision takes one lock that only the
 * tenant's own requests want.
 */
public final class LeasedLimits {
  private static final long MISSES_MS = 1_000;

  /** A tenant with fewer requests than this in a second is not worth two more calls. */
  private static final int MISSES_LEAST = 4;

  private final LeaseSettings settings;
  private final Map<Key, Holding> holdings = new ConcurrentHashMap<>();
  private final Queue<Slice> ready = new ConcurrentLinkedQueue<>();

  private record Key(TenantId tenant, String model) {}

  private static final class Holding {
    private volatile @Nullable Slice current;
    private @Nullable Slice next;
    private final List<Slice> closing = new ArrayList<>();
    private boolean asking;
    private long notBeforeMs;
    private long requestsWanted;
    private long placesWanted;
    private long tokensOfRequest;
    private long microsOfRequest;
    private long beganMs;
    private int misses;
    private long missesSinceMs;
  }

  public LeasedLimits(LeaseSettings settings) {
    this.settings = settings;
  }

  /**
   * Takes from the slice at hand.
   *
   * @param micros what the request may cost
   * @return the slice that the request took from, to be {@link #settle}d; null where the store is
   *     to decide
   */
  public @Nullable Slice take(long nowMs, Reservation reservation, long micros) {
    Holding holding = holdings.get(new Key(reservation.tenant().id(), reservation.model()));
    Slice slice = holding == null ? null : holding.current;
    return slice != null && takes(slice, nowMs, reservation, micros) ? slice : null;
  }

  @SuppressWarnings("ReferenceEquality") // a profile is the same object until its record changes
  private boolean takes(Slice slice, long nowMs, Reservation reservation, long micros) {
    return slice.tenant() == reservation.tenant()
        && slice.take(nowMs, reservation.tokens(), micros, slice.takenMs() + settings.sliceMs());
  }

  /**
   * Moves on to the next slice where the one at hand did not do, and takes from it.
   *
   * @return as {@link #take}
   */
  public @Nullable Slice takeNext(long nowMs, Reservation reservation, long micros) {
    Holding holding =
        holdings.computeIfAbsent(
            new Key(reservation.tenant().id(), reservation.model()), k -> new Holding());
    synchronized (holding) {
      holding.tokensOfRequest =
          Math.max(reservation.tokens(), holding.tokensOfRequest - holding.tokensOfRequest / 16);
      holding.microsOfRequest =
          Math.max(micros, holding.microsOfRequest - holding.microsOfRequest / 16);
      if (nowMs - holding.missesSinceMs >= MISSES_MS) {
        holding.missesSinceMs = nowMs;
        holding.misses = 0;
      }
      holding.misses++;
      Slice next = holding.next;
      if (next == null) {
        return null;
      }
      holding.next = null;
      begin(holding, next, nowMs);
      return takes(next, nowMs, reservation, micros) ? next : null;
    }
  }

  /** Ends a request; true where that was the last of its slice, which is to be given back. */
  public boolean settle(Slice slice, long reserved, long reservedMicros, long used, long micros) {
    slice.settle(reserved, reservedMicros, used, micros);
    return slice.ended();
  }

  /**
   * What to ask the store for, where it is time; answered by {@link #granted} or {@link
   * #notGranted}.
   */
  public Optional<Slice.Size> ask(long nowMs, Reservation reservation, double modelShare) {
    Holding holding = holdings.get(new Key(reservation.tenant().id(), reservation.model()));
    if (holding == null) {
      return Optional.empty();
    }
    Slice current = holding.current;
    if (current != null && !low(current, nowMs)) {
      return Optional.empty();
    }
    synchronized (holding) {
      if (holding.asking
          || holding.next != null
          || nowMs < holding.notBeforeMs
          || (current == null && holding.misses < MISSES_LEAST)) {
        return Optional.empty();
      }
      Slice.Size size = size(holding, reservation.tenant().limits(), modelShare);
      if (size.tokens() < reservation.tokens()) {
        return Optional.empty(); // one request is more than a slice may be
      }
      holding.asking = true;
      return Optional.of(size);
    }
  }

  /** Whether half of a slice's requests, tokens or time is over. */
  public boolean low(Slice slice, long nowMs) {
    return 2 * slice.requestsLeft() <= slice.size().requests()
        || 2 * slice.tokensLeft() <= slice.size().tokens()
        || slice.old(nowMs, settings.sliceMs() / 2);
  }

  private Slice.Size size(Holding holding, TenantLimits limits, double modelShare) {
    Bounds bounds = Bounds.of(limits, modelShare);
    long requests = Math.max(settings.requestsFirst(), holding.requestsWanted);
    requests = Math.min(requests, bounds.modelRequests() / settings.parts());
    requests = Math.min(requests, Math.min(bounds.burst().requests(), settings.requestsMax()));
    long tokens = bounds.tokens() / settings.parts();
    long places = holding.placesWanted == 0 ? settings.requestsFirst() : holding.placesWanted;
    long micros = requests * holding.microsOfRequest;
    if (limits.budgets().hardStop()) {
      for (Budget budget : Budget.values()) {
        long part = budget.limit(limits.budgets()).orElse(Long.MAX_VALUE) / settings.parts();
        if (budget == Budget.DAILY_TOKENS || budget == Budget.MONTHLY_TOKENS) {
          tokens = Math.min(tokens, part);
        } else {
          micros = Math.min(micros, part);
        }
      }
    }
    return new Slice.Size(
        Math.max(1, requests),
        Math.max(1, Math.min(tokens, Math.max(1, requests) * holding.tokensOfRequest)),
        Math.max(1, Math.min(Math.min(places, requests), bounds.inFlight() / settings.parts())),
        micros);
  }

  /** The store granted a slice. */
  public void granted(Slice slice, long nowMs) {
    Holding holding =
        holdings.computeIfAbsent(new Key(slice.tenant().id(), slice.model()), k -> new Holding());
    synchronized (holding) {
      holding.asking = false;
      if (holding.current == null) {
        begin(holding, slice, nowMs);
      } else {
        holding.next = slice;
      }
    }
  }

  /** The store had nothing to give, or did not answer. */
  public void notGranted(TenantId tenant, String model, long nowMs) {
    Holding holding = holdings.get(new Key(tenant, model));
    if (holding != null) {
      synchronized (holding) {
        holding.asking = false;
        holding.notBeforeMs = nowMs + settings.askAgainMs();
      }
    }
  }

  /** A slice that was used up and is to be given back now; null where there is none. */
  public @Nullable Slice ready() {
    return ready.poll();
  }

  /** Slices to give back now: closed, idle or old ones without a request in flight. */
  public List<Slice> due(long nowMs) {
    List<Slice> due = new ArrayList<>();
    holdings.forEach(
        (key, holding) -> {
          synchronized (holding) {
            Slice current = holding.current;
            if (current != null
                && (current.old(nowMs, settings.sliceMs())
                    || current.idle(nowMs, settings.idleMs()))) {
              holding.requestsWanted = 2 * current.usedRequests();
              close(holding, current);
              holding.current = null;
            }
            Slice next = holding.next;
            if (next != null
                && (next.old(nowMs, settings.sliceMs())
                    || (holding.current == null && next.idle(nowMs, settings.idleMs())))) {
              close(holding, next);
              holding.next = null;
            }
            holding.closing.removeIf(
                slice -> {
                  boolean ended = slice.ended();
                  if (ended) {
                    due.add(slice);
                  }
                  return ended || slice.returned();
                });
            if (holding.current == null
                && holding.next == null
                && holding.closing.isEmpty()
                && !holding.asking
                && nowMs - holding.missesSinceMs > settings.sliceMs()) {
              holdings.remove(key, holding);
            }
          }
        });
    for (Slice slice = ready.poll(); slice != null; slice = ready.poll()) {
      due.add(slice);
    }
    return due;
  }

  /** Slices whose leases must be kept alive. */
  public List<Slice> held() {
    List<Slice> held = new ArrayList<>();
    holdings
        .values()
        .forEach(
            holding -> {
              synchronized (holding) {
                held.addAll(holding.closing);
                if (holding.current != null) {
                  held.add(holding.current);
                }
                if (holding.next != null) {
                  held.add(holding.next);
                }
              }
            });
    return held;
  }

  /** Slices that are used up before their time are followed by larger ones. */
  private void begin(Holding holding, Slice slice, long nowMs) {
    Slice before = holding.current;
    if (before != null) {
      if (nowMs - holding.beganMs < settings.sliceMs() / 2) {
        holding.requestsWanted = 2 * before.size().requests();
      }
      close(holding, before);
    }
    holding.beganMs = nowMs;
    holding.current = slice;
  }

  private void close(Holding holding, Slice slice) {
    slice.close();
    holding.placesWanted = 2 * slice.peakInFlight();
    if (slice.ended()) {
      ready.add(slice);
    } else {
      holding.closing.add(slice);
    }
  }
}
