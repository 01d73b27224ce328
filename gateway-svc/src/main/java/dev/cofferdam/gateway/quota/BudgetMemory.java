package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.TenantId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What this gateway last saw tenants to have spent, or was told by the ledger, so that a store that
 * comes back empty, or behind, is told. Within a day and a month spending only grows. Bounded: the
 * tenants that were quiet for longest are forgotten. Thread-safe.
 */
public final class BudgetMemory {
  private final Map<TenantId, Seen> seen;

  /** What the store said at a time of its own clock. */
  private record Seen(Spent spent, long storeMs) {
    static final Seen NOTHING = new Seen(Spent.NOTHING, Long.MIN_VALUE);
  }

  /**
   * @param tenantsMax tenants that are remembered
   */
  public BudgetMemory(int tenantsMax) {
    this.seen =
        new LinkedHashMap<>(16, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<TenantId, Seen> eldest) {
            return size() > tenantsMax;
          }
        };
  }

  /**
   * Takes what the store says. Answers may overtake each other: one that is not newer than the last
   * that counted proves no loss.
   *
   * @param storeMs when the store said it, on its own clock
   * @return what it should say, where it has lost some
   */
  public synchronized Optional<Spent> see(TenantId tenant, Spent told, long storeMs) {
    Seen last = seen.getOrDefault(tenant, Seen.NOTHING);
    Spent known = last.spent();
    boolean lostDay =
        told.day() == known.day()
            && (told.dayTokens() < known.dayTokens() || told.dayMicros() < known.dayMicros());
    boolean lostMonth =
        told.month() == known.month()
            && (told.monthTokens() < known.monthTokens()
                || told.monthMicros() < known.monthMicros());
    if (told.day() < known.day()) {
      return Optional.empty();
    }
    if (lostDay || lostMonth) {
      return storeMs > last.storeMs() ? Optional.of(most(known, told)) : Optional.empty();
    }
    seen.put(tenant, new Seen(told, Math.max(storeMs, last.storeMs())));
    return Optional.empty();
  }

  /**
   * Takes what the ledger says: what is spent is at least that. It knows no request in flight, so
   * that a store that says more has not counted wrongly.
   */
  public synchronized void atLeast(TenantId tenant, Spent stated) {
    Seen last = seen.getOrDefault(tenant, Seen.NOTHING);
    Spent known = last.spent();
    Spent newer = stated.day() > known.day() ? stated : known;
    Spent older = stated.day() > known.day() ? known : stated;
    seen.put(tenant, new Seen(most(older, newer), last.storeMs()));
  }

  /** What a tenant had spent when it was last seen. */
  public synchronized Spent last(TenantId tenant) {
    return seen.getOrDefault(tenant, Seen.NOTHING).spent();
  }

  private static Spent most(Spent known, Spent told) {
    boolean sameDay = told.day() == known.day();
    boolean sameMonth = told.month() == known.month();
    return new Spent(
        told.day(),
        sameDay ? Math.max(told.dayTokens(), known.dayTokens()) : told.dayTokens(),
        sameDay ? Math.max(told.dayMicros(), known.dayMicros()) : told.dayMicros(),
        told.month(),
        sameMonth ? Math.max(told.monthTokens(), known.monthTokens()) : told.monthTokens(),
        sameMonth ? Math.max(told.monthMicros(), known.monthMicros()) : told.monthMicros(),
        0,
        0);
  }
}
