package dev.cofferdam.metering.cost;

import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayList;
import java.util.List;

/**
 * Something in which a tenant's work is dearer than that of all tenants together.
 *
 * @param kind what
 * @param own the tenant's figure
 * @param all that of all tenants
 * @param causes of preemption: for whom, the most frequent first; for operators
 */
public record Reason(Kind kind, double own, double all, List<Cause> causes) {
  public Reason {
    causes = List.copyOf(causes);
  }

  /**
   * For whom a tenant's attempts gave way.
   *
   * @param tenant the other tenant, or itself
   * @param times how often
   */
  public record Cause(TenantId tenant, long times) {}

  private static final double DEARER = 1.25;

  /** Below it, a figure is not worth a word, however small that of all is. */
  private static final double LEAST = 0.01;

  private static final double US_PER_MS = 1_000;

  /** What can be dear about work. */
  public enum Kind {
    /** Share of prefill in the time that requests ran: long inputs for short outputs. */
    PREFILL,
    /** Share of a worker's steps that an attempt had while it ran: it shared them with few. */
    LOW_BATCHABILITY,
    /** Preemptions for each attempt. */
    PREEMPTION,
    /** Share of computing that came to nothing. */
    THRASH;

    private double of(Work work) {
      double ranMs = work.prefillMs() + (double) work.decodeMs();
      return switch (this) {
        case PREFILL -> share(work.prefillMs(), ranMs);
        case LOW_BATCHABILITY -> share(work.computeUs(), ranMs * US_PER_MS);
        case PREEMPTION -> share(work.preemptions(), work.attempts());
        case THRASH -> share(work.wastedUs(), work.computeUs());
      };
    }
  }

  /**
   * The reasons of a tenant, the strongest first.
   *
   * @param preempted for whom its attempts gave way
   */
  public static List<Reason> of(Work own, Work all, List<Cause> preempted) {
    List<Reason> reasons = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      double figure = kind.of(own);
      double usual = kind.of(all);
      if (figure >= LEAST && figure > DEARER * usual) {
        reasons.add(
            new Reason(kind, figure, usual, kind == Kind.PREEMPTION ? preempted : List.of()));
      }
    }
    reasons.sort(
        (a, b) -> Double.compare(b.own / Math.max(LEAST, b.all), a.own / Math.max(LEAST, a.all)));
    return reasons;
  }

  private static double share(double part, double whole) {
    return whole == 0 ? 0 : part / whole;
  }
}
