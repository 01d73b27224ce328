package dev.cofferdam.metering.cost.postgres;

import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.cost.CostFacts;
import dev.cofferdam.metering.cost.Reason;
import dev.cofferdam.metering.cost.Work;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

/** Sums over the usage events and the hours, behind the walls of a view. */
public final class PostgresCostFacts implements CostFacts {
  private static final String WORK =
      """
      select tenant, operation = 'shadow' as shadow, pool, ended_ms / 3600000 * 3600000 as hour_ms, count(*),
        sum(prefill_ms), sum(decode_ms), sum(compute_us), sum(preemptions),
        coalesce(sum(compute_us) filter (where attempt > 1 or outcome in ('lost', 'failed')), 0)
      from usage_events where ended_ms >= ? and ended_ms < ? and (? = '' or tenant = ?)
      group by tenant, shadow, pool, hour_ms
      """;

  private static final String PREEMPTED =
      """
      select tenant, preempted_by, sum(times) as times from usage_preemptions
      where ended_ms >= ? and ended_ms < ? and (? = '' or tenant = ?)
      group by tenant, preempted_by order by tenant, times desc, preempted_by
      """;

  private static final String KEPT =
      """
      select tenant, count(*) filter (where kind = 'adapter'), coalesce(sum(bytes) filter (where kind = 'storage'), 0)
      from kept_hours where hour_ms >= ? and hour_ms < ? and (? = '' or tenant = ?)
      group by tenant order by tenant
      """;

  private static final String NODES =
      """
      select pool, hour_ms, nodes, currency, micros_per_hour from node_hours
      where hour_ms >= ? and hour_ms < ? and (? = '' or pool = ?) order by pool, hour_ms
      """;

  private final DataSource source;

  public PostgresCostFacts(DataSource source) {
    this.source = source;
  }

  @Override
  public List<WorkHour> work(View view, Days days) {
    List<WorkHour> hours = new ArrayList<>();
    read(
        WORK,
        view,
        days,
        row ->
            hours.add(
                new WorkHour(
                    new TenantId(row.getString(1)),
                    row.getBoolean(2),
                    row.getString(3),
                    Instant.ofEpochMilli(row.getLong(4)),
                    new Work(
                        row.getLong(5),
                        row.getLong(6),
                        row.getLong(7),
                        row.getLong(8),
                        row.getLong(9),
                        row.getLong(10)))));
    return hours;
  }

  @Override
  public Map<TenantId, List<Reason.Cause>> preempted(Days days) {
    Map<TenantId, List<Reason.Cause>> preempted = new HashMap<>();
    read(
        PREEMPTED,
        new View.Everybody(),
        days,
        row ->
            preempted
                .computeIfAbsent(new TenantId(row.getString(1)), tenant -> new ArrayList<>())
                .add(new Reason.Cause(new TenantId(row.getString(2)), row.getLong(3))));
    return preempted;
  }

  @Override
  public Map<TenantId, Kept> kept(View view, Days days) {
    Map<TenantId, Kept> kept = new LinkedHashMap<>();
    read(
        KEPT,
        view,
        days,
        row -> kept.put(new TenantId(row.getString(1)), new Kept(row.getLong(2), row.getLong(3))));
    return kept;
  }

  @Override
  public List<NodeHour> nodes(Days days) {
    List<NodeHour> nodes = new ArrayList<>();
    read(
        NODES,
        new View.Everybody(),
        days,
        row ->
            nodes.add(
                new NodeHour(
                    row.getString(1),
                    Instant.ofEpochMilli(row.getLong(2)),
                    row.getInt(3),
                    row.getString(4),
                    row.getLong(5))));
    return nodes;
  }

  private interface Row {
    void take(ResultSet row) throws SQLException;
  }

  private void read(String sql, View view, Days days, Row take) {
    String tenant = view instanceof View.Of of ? of.tenant().value() : "";
    Transaction.attempt(
        source,
        view,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, days.start().toEpochMilli());
            statement.setLong(2, days.end().toEpochMilli());
            statement.setString(3, tenant);
            statement.setString(4, tenant);
            try (ResultSet row = statement.executeQuery()) {
              while (row.next()) {
                take.take(row);
              }
            }
            return tenant;
          }
        });
  }
}
