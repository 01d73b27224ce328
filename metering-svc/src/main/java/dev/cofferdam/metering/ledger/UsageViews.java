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
   * Sums of a view, oldest first, at most {@link #ROLLUPS_MAX}.
   *
   * @throws StoreUnavailableException where the store is away
   */
  List<Rollup> rollups(View view, Period period, Span span);

  /** Length of a sum's period. */
  enum Period {
    /** A UTC hour. */
    HOUR,
    /** A UTC day. */
    DAY
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
   * @param span only those that ended in it
   * @param after where the page before ended
   * @param rowsMax how many
   */
  record EventQuery(
      Optional<RequestId> request, Span span, Optional<Position> after, int rowsMax) {}

  /**
   * Place of an event in the order of a listing: by its end, then by the order of arrival.
   *
   * @param endedMs milliseconds since the epoch
   * @param row number of the row
   */
  record Position(long endedMs, long row) {}
}
