package dev.cofferdam.metering.ledger.postgres;

import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.ledger.Rollup;
import dev.cofferdam.metering.ledger.UsagePage;
import dev.cofferdam.metering.ledger.UsageViews;
import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * Queries behind two walls: the tenant is a condition of each statement, and the transaction sees
 * that tenant's rows alone (row-level security).
 */
public final class PostgresUsageViews implements UsageViews {
  /** The ids know when a request's events ended, and so the partitions. */
  private static final String OF_REQUEST =
      """
      request_id = ?::uuid and ended_ms = any (array(
        select i.ended_ms from usage_event_ids as i where i.request_id = ?::uuid))
      """;

  private final DataSource source;

  /**
   * @param source connections to the ledger
   */
  public PostgresUsageViews(DataSource source) {
    this.source = source;
  }

  /** Whether row-level security applies to the database's user: it is no superuser and the like. */
  public boolean isConfined() {
    return Transaction.attempt(source, RowView::isConfined);
  }

  @Override
  public UsagePage events(View view, EventQuery query) {
    Conditions where = new Conditions().of(view);
    query.request().ifPresent(request -> where.and(OF_REQUEST, request.value(), request.value()));
    query
        .group()
        .ifPresent(
            group ->
                where.and(
                    "model = ? and adapter = ? and workload_class = ?",
                    group.model(),
                    group.adapter(),
                    group.workloadClass()));
    query.booked().from().ifPresent(from -> where.and("booked_at >= ?", at(from)));
    query.booked().to().ifPresent(to -> where.and("booked_at < ?", at(to)));
    query.span().from().ifPresent(from -> where.and("ended_ms >= ?", from.toEpochMilli()));
    query.span().to().ifPresent(to -> where.and("ended_ms < ?", to.toEpochMilli()));
    query
        .after()
        .ifPresent(after -> where.and("(ended_ms, row_id) < (?, ?)", after.endedMs(), after.row()));
    String sql =
        "select row_id, "
            + EventColumns.names()
            + " from usage_events"
            + where.sql()
            + " order by ended_ms desc, row_id desc limit ?";
    return read(
        view,
        sql,
        where.with(query.rowsMax() + 1),
        rows -> {
          List<UsageEvent> events = new ArrayList<>();
          Optional<Position> last = Optional.empty();
          while (rows.next()) {
            if (events.size() == query.rowsMax()) {
              return new UsagePage(events, last);
            }
            events.add(EventColumns.read(rows));
            last = Optional.of(new Position(rows.getLong("ended_ms"), rows.getLong("row_id")));
          }
          return new UsagePage(events, Optional.empty());
        });
  }

  @Override
  public List<Rollup> rollups(View view, RollupQuery query) {
    Conditions where =
        new Conditions().of(view).and("period = ?", query.period().name().toLowerCase(Locale.ROOT));
    query.span().from().ifPresent(from -> where.and("period_start >= ?", at(from)));
    query.span().to().ifPresent(to -> where.and("period_start < ?", at(to)));
    query.booked().from().ifPresent(from -> where.and("booked_at >= ?", at(from)));
    query.booked().to().ifPresent(to -> where.and("booked_at < ?", at(to)));
    String sql =
        "select * from usage_rollups"
            + where.sql()
            + " order by period_start, tenant, model, adapter, workload_class, booked_at limit ?";
    return read(
        view,
        sql,
        where.with(ROLLUPS_MAX),
        rows -> {
          List<Rollup> rollups = new ArrayList<>();
          while (rows.next()) {
            rollups.add(rollup(rows));
          }
          return rollups;
        });
  }

  private static Rollup rollup(ResultSet row) throws SQLException {
    return new Rollup(
        new TenantId(row.getString("tenant")),
        row.getString("model"),
        row.getString("adapter"),
        row.getString("workload_class"),
        row.getObject("period_start", OffsetDateTime.class).toInstant(),
        row.getObject("booked_at", OffsetDateTime.class).toInstant(),
        row.getLong("requests"),
        row.getLong("prompt_tokens"),
        row.getLong("cached_prompt_tokens"),
        row.getLong("output_tokens"),
        row.getLong("compute_us"),
        row.getLong("kv_block_ms"));
  }

  private <T> T read(View view, String sql, List<Object> values, Reader<T> reader) {
    return Transaction.attempt(
        source,
        connection -> {
          RowView.take(connection, view);
          try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.size(); i++) {
              statement.setObject(i + 1, values.get(i));
            }
            try (ResultSet rows = statement.executeQuery()) {
              return reader.read(rows);
            }
          }
        });
  }

  private static OffsetDateTime at(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }

  private interface Reader<T> {
    T read(ResultSet rows) throws SQLException;
  }

  /** Conditions with their values. */
  private static final class Conditions {
    private final List<String> parts = new ArrayList<>();
    private final List<Object> values = new ArrayList<>();

    Conditions of(View view) {
      if (view instanceof View.Of of) {
        and("tenant = ?", of.tenant().value());
      }
      return this;
    }

    Conditions and(String condition, Object... bound) {
      parts.add(condition);
      values.addAll(List.of(bound));
      return this;
    }

    String sql() {
      return parts.isEmpty() ? "" : " where " + String.join(" and ", parts);
    }

    List<Object> with(int limit) {
      List<Object> all = new ArrayList<>(values);
      all.add(limit);
      return all;
    }
  }
}
