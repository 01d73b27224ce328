package dev.cofferdam.metering.invoice.postgres;

import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.invoice.BilledUse;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.pricing.Use;
import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import javax.sql.DataSource;

/** Usage events and what is kept, read row by row behind the walls of the tenant's view. */
public final class PostgresBilledUse implements BilledUse {
  private static final int FETCH_ROWS = 5_000;

  /**
   * Writers hold a lock until they commit, so that behind this one all rows up to the last are
   * there, and none comes later with a lower number.
   */
  private static final String CUT =
      """
      set local lock_timeout = '10s';
      lock table usage_events, kept_hours in share mode;
      """;

  private static final String LAST =
      """
      select coalesce(pg_sequence_last_value(
          coalesce(pg_get_serial_sequence('usage_events', 'row_id'), 'usage_events_row')::regclass), 0),
        coalesce((select max(row_id) from kept_hours), 0)
      """;

  private static final String EVENTS =
      """
      select request_id, attempt, sequence, model, adapter, workload_class, prompt_tokens,
        cached_prompt_tokens, output_tokens, compute_us, ended_ms
      from usage_events
      where tenant = ? and ended_ms >= ? and ended_ms < ? and row_id > ? and row_id <= ?
        and operation <> 'shadow'
      order by ended_ms, row_id
      """;

  private static final String HOURS =
      """
      select model, adapter, workload_class, ended_ms / 3600000 * 3600000 as hour_ms,
        sum(prompt_tokens), sum(cached_prompt_tokens), sum(output_tokens), sum(compute_us),
        count(*) filter (where attempt = 1 and sequence = 0)
      from usage_events
      where tenant = ? and ended_ms >= ? and ended_ms < ? and row_id > ? and row_id <= ?
        and operation <> 'shadow'
      group by hour_ms, model, adapter, workload_class
      order by hour_ms, model, adapter, workload_class
      """;

  /** The same where no row is left out: sums of hours, less the shadows'. */
  private static final String WHOLE_HOURS =
      """
      with asked as (
        select ?::text as tenant, ?::bigint as since, ?::bigint as before, ?::bigint as after, ?::bigint as up_to
      )
      select model, adapter, workload_class, hour_ms, sum(prompt_tokens), sum(cached_prompt_tokens),
        sum(output_tokens), sum(compute_us), sum(requests)
      from (
        select model, adapter, workload_class, (extract(epoch from period_start) * 1000)::bigint as hour_ms,
          prompt_tokens, cached_prompt_tokens, output_tokens, compute_us, requests
        from usage_rollup_hours
        where tenant = (select tenant from asked)
          and period_start >= (select to_timestamp(since / 1000) from asked)
          and period_start < (select to_timestamp(before / 1000) from asked)
        union all
        select model, adapter, workload_class, ended_ms / 3600000 * 3600000, -prompt_tokens,
          -cached_prompt_tokens, -output_tokens, -compute_us, 0
        from usage_events
        where tenant = (select tenant from asked) and ended_ms >= (select since from asked)
          and ended_ms < (select before from asked) and row_id > (select after from asked)
          and row_id <= (select up_to from asked) and operation = 'shadow'
      ) as hours
      group by hour_ms, model, adapter, workload_class
      order by hour_ms, model, adapter, workload_class
      """;

  private static final String TENANTS =
      """
      select tenant from (
        select tenant from usage_rollup_hours
        where period_start >= to_timestamp(? / 1000) and period_start < to_timestamp(? / 1000)
        union
        select tenant from kept_hours where hour_ms >= ? and hour_ms < ?
      ) as used order by tenant
      """;

  private static final String KEPT =
      """
      select kind, model, name, hour_ms, bytes, keeper from kept_hours
      where tenant = ? and hour_ms >= ? and hour_ms < ? and row_id > ? and row_id <= ?
      order by hour_ms, row_id
      """;

  private final DataSource source;

  public PostgresBilledUse(DataSource source) {
    this.source = source;
  }

  @Override
  public Cut cut() {
    return Transaction.attempt(
        source,
        new View.Everybody(),
        connection -> {
          try (Statement statement = connection.createStatement()) {
            statement.execute(CUT);
            try (ResultSet row = statement.executeQuery(LAST)) {
              row.next();
              return new Cut(row.getLong(1), row.getLong(2));
            }
          }
        });
  }

  @Override
  public void read(TenantId tenant, Days days, Cut after, Cut upTo, Predicate<Recorded> sink) {
    read(EVENTS, PostgresBilledUse::event, tenant, days, after, upTo, sink);
  }

  @Override
  public void readHours(TenantId tenant, Days days, Cut after, Cut upTo, Predicate<Recorded> sink) {
    if (after.equals(Cut.NOTHING) && upTo.equals(Cut.EVERYTHING)) {
      read(WHOLE_HOURS, PostgresBilledUse::hour, tenant, days, after, upTo, sink);
    } else {
      read(HOURS, PostgresBilledUse::hour, tenant, days, after, upTo, sink);
    }
  }

  private void read(
      String used,
      Reader reader,
      TenantId tenant,
      Days days,
      Cut after,
      Cut upTo,
      Predicate<Recorded> sink) {
    Transaction.attempt(
        source,
        new View.Of(tenant),
        connection ->
            each(
                    connection,
                    used,
                    tenant,
                    days,
                    after.ledgerRow(),
                    upTo.ledgerRow(),
                    row -> sink.test(reader.read(row)))
                && each(
                    connection,
                    KEPT,
                    tenant,
                    days,
                    after.keptRow(),
                    upTo.keptRow(),
                    row -> sink.test(kept(row))));
  }

  @Override
  public List<TenantId> tenants(View view, Days days) {
    if (view instanceof View.Of of) {
      return List.of(of.tenant());
    }
    return Transaction.attempt(
        source,
        view,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(TENANTS)) {
            for (int i = 1; i <= 4; i += 2) {
              statement.setLong(i, days.start().toEpochMilli());
              statement.setLong(i + 1, days.end().toEpochMilli());
            }
            List<TenantId> tenants = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
              while (row.next()) {
                tenants.add(new TenantId(row.getString(1)));
              }
            }
            return tenants;
          }
        });
  }

  private interface Row {
    boolean take(ResultSet row) throws SQLException;
  }

  private interface Reader {
    Recorded read(ResultSet row) throws SQLException;
  }

  private static boolean each(
      Connection connection,
      String sql,
      TenantId tenant,
      Days days,
      long after,
      long upTo,
      Row take)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setFetchSize(FETCH_ROWS);
      statement.setString(1, tenant.value());
      statement.setLong(2, days.start().toEpochMilli());
      statement.setLong(3, days.end().toEpochMilli());
      statement.setLong(4, after);
      statement.setLong(5, upTo);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          if (!take.take(row)) {
            return false;
          }
        }
      }
    }
    return true;
  }

  private static Recorded event(ResultSet row) throws SQLException {
    int attempt = row.getInt(2);
    int sequence = row.getInt(3);
    long prompt = row.getLong(7);
    long cached = row.getLong(8);
    return new Recorded(
        UsageEvent.id(new RequestId(row.getString(1).replace("-", "")), attempt, sequence),
        new Use(
            Instant.ofEpochMilli(row.getLong(11)),
            row.getString(4),
            row.getString(5),
            row.getString(6),
            prompt - cached,
            cached,
            row.getLong(9),
            attempt == 1 && sequence == 0 ? 1 : 0,
            row.getLong(10),
            0,
            0));
  }

  private static Recorded hour(ResultSet row) throws SQLException {
    Instant hour = Instant.ofEpochMilli(row.getLong(4));
    long cached = row.getLong(6);
    return new Recorded(
        hour.toString(),
        new Use(
            hour,
            row.getString(1),
            row.getString(2),
            row.getString(3),
            row.getLong(5) - cached,
            cached,
            row.getLong(7),
            row.getLong(9),
            row.getLong(8),
            0,
            0));
  }

  private static Recorded kept(ResultSet row) throws SQLException {
    boolean adapter = row.getString(1).equals("adapter");
    Instant hour = Instant.ofEpochMilli(row.getLong(4));
    String name = row.getString(3);
    String keeper = row.getString(6);
    return new Recorded(
        row.getString(1) + ":" + name + (keeper.isEmpty() ? "" : "@" + keeper) + ":" + hour,
        new Use(
            hour,
            row.getString(2),
            adapter ? name : "",
            "",
            0,
            0,
            0,
            0,
            0,
            adapter ? 1 : 0,
            adapter ? 0 : row.getLong(5)));
  }
}
