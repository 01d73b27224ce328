package dev.cofferdam.metering.ledger;

import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.vocabulary.RequestId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The reading side of the ledger. Every answer is confined to its view. */
public interface UsageViews {
  /** Rollups that one answer may hold. */
  int ROLLUPS_MAX = 10_000;

  /**
   * Events of a view, newest first.
   *
   * @throws StoreUnavailableException where the store is away
   */
  UsagePage events(View view, EventQuery query);

  /**
   * Sums of a view, oldest first, corrections behind what they correct, at most {@link
   * #ROLLUPS_MAX}. All that the books of a span say, sums and corrections, is each token once.
   *
   * @throws StoreUnavailableException where the store is away
   */
  List<Rollup> rollups(View view, RollupQuery query);

  /** Length of a sum's period. */
  enum Period {
    /** A UTC hour. */
    HOUR,
    /** A UTC day. */
    DAY,
    /** A UTC month. */
    MONTH
  }

  /**
   * Which sums.
   *
   * @param period length of their periods
   * @param span only those whose period starts in it
   * @param booked only those that stand in books of periods that start in it
   */
  record RollupQuery(Period period, Span span, Span booked) {
    /** All books of a span of periods. */
    public RollupQuery(Period period, Span span) {
      this(period, span, Span.ALWAYS);
    }
  }

  /**
   * A span of time.
   *
   * @param from inclusive; empty: no bound
   * @param to exclusive; empty: no bound
   */
  record Span(Optional<Instant> from, Optional<Instant> to) {
    /** All of time. */
    public static final Span ALWAYS = new Span(Optional.empty(), Optional.empty());
  }

  /**
   * Which events.
   *
   * @param request only this one's
   * @param group only those of a rollup's group
   * @param span only those that ended in it
   * @param booked only those that stand in the books of hours that start in it
   * @param after where the page before ended
   * @param rowsMax how many
   */
  record EventQuery(
      Optional<RequestId> request,
      Optional<Group> group,
      Span span,
      Span booked,
      Optional<Position> after,
      int rowsMax) {
    /** Of whatever group and book. */
    public EventQuery(
        Optional<RequestId> request, Span span, Optional<Position> after, int rowsMax) {
      this(request, Optional.empty(), span, Span.ALWAYS, after, rowsMax);
    }
  }

  /**
   * What a rollup's events have in common, beside tenant and period.
   *
   * @param model model id
   * @param adapter adapter name, empty for the base model
   * @param workloadClass class of the work
   */
  record Group(String model, String adapter, String workloadClass) {}

  /**
   * Place of an event in the order of a listing: by its end, then by the order of arrival.
   *
   * @param endedMs milliseconds since the epoch
   * @param row number of the row
   */
  record Position(long endedMs, long row) {}
}
