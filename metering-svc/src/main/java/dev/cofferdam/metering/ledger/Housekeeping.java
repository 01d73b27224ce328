package dev.cofferdam.metering.ledger;

import dev.cofferdam.mesh.store.StoreUnavailableException;
import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;

/** What the ledger needs done as time passes; each step does what is due by then. */
public final class Housekeeping {
  /** How much longer an hour stays open for facts that are known to wait. */
  static final Duration PATIENCE = Duration.ofHours(24);

  private static final int MONTHS_AHEAD = 2;

  private final Closings closings;
  private final Months months;
  private final Rules rules;

  /**
   * How long things stay.
   *
   * @param closeAfter how long after its end an hour is closed
   * @param retentionMonths whole months for which events stay beside the current one; 0: for ever
   */
  public record Rules(Duration closeAfter, int retentionMonths) {
    /**
     * @throws IllegalArgumentException for a negative time, or a retention of less than two months,
     *     in which facts may still come late
     */
    public Rules {
      if (closeAfter.isNegative()) {
        throw new IllegalArgumentException("close-after-minutes: expected 0 or more");
      }
      if (retentionMonths < 0 || retentionMonths == 1) {
        throw new IllegalArgumentException(
            "retention-months: " + retentionMonths + " (expected: 0, or 2 or more)");
      }
    }
  }

  /** The housekeeping of a ledger. */
  public Housekeeping(Closings closings, Months months, Rules rules) {
    this.closings = closings;
    this.months = months;
    this.rules = rules;
  }

  /**
   * Closes hours, makes months ahead, takes old ones out.
   *
   * @param behind whether facts are known to wait, which would all be corrections
   * @return whether hours were closed
   * @throws StoreUnavailableException where the store is away; what is left is done by the next
   *     step
   */
  public boolean step(Instant now, boolean behind) {
    YearMonth month = YearMonth.from(now.atOffset(ZoneOffset.UTC));
    for (int ahead = 0; ahead <= MONTHS_AHEAD; ahead++) {
      months.ensure(month.plusMonths(ahead));
    }
    Instant end = now.minus(rules.closeAfter()).minus(behind ? PATIENCE : Duration.ZERO);
    boolean closed = closings.close(end.truncatedTo(ChronoUnit.HOURS));
    if (rules.retentionMonths() > 0) {
      months.detachBefore(month.minusMonths(rules.retentionMonths()));
    }
    return closed;
  }
}
