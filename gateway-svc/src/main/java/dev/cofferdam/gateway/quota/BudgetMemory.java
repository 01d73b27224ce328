package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.TenantId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What this gateway last saw tenants to have spent, so that a store that comes back empty, or
 * behind, is told. Within a day and a month spending only grows. Bounded: the tenants that were
 * quiet for longest are forgotten. Thread-safe.
 */
public final class BudgetMemory {
  private final Map<TenantId, Spent> seen;

  /**
   * @param tenantsMax tenants that are remembered
   */
  public BudgetMemory(int tenantsMax) {
    this.seen =
        new LinkedHashMap<>(16, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<TenantId, Spent> eldest) {
            return size() > tenantsMax;
          }
        };
  }

  /**
   * Takes what the store says.
   *
   * @return what it should say, where it has lost some
   */
  public synchronized Optional<Spent> see(TenantId tenant, Spent told) {
    Spent known = seen.get(tenant);
    if (known == null) {
      seen.put(tenant, told);
      return Optional.empty();
    }
    boolean lostDay =
        told.day() == known.day()
            && (told.dayTokens() < known.dayTokens() || told.dayMicros() < known.dayMicros());
    boolean lostMonth =
        told.month() == known.month()
            && (told.monthTokens() < known.monthTokens()
                || told.monthMicros() < known.monthMicros());
    if (told.day() < known.day() || !(lostDay || lostMonth)) {
      if (told.day() >= known.day()) {
        seen.put(tenant, told);
      }
      return Optional.empty();
    }
    return Optional.of(most(known, told));
  }

  /** What a tenant had spent when it was last seen. */
  public synchronized Spent last(TenantId tenant) {
    return seen.getOrDefault(tenant, Spent.NOTHING);
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
