package dev.cofferdam.metering.cost.postgres;

import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.cost.HourBook;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.sql.DataSource;

/** Hours in tables, from the last one that is known on; whoever comes first writes an hour. */
public final class PostgresHourBook implements HourBook {
  private static final long HOUR_MS = Duration.ofHours(1).toMillis();

  private static final String NODES =
      """
      insert into node_hours (pool, hour_ms, nodes, currency, micros_per_hour)
      select ?, hour, ?, ?, ? from generate_series(
        greatest(coalesce((select max(hour_ms) from node_hours where pool = ?) + 3600000, ?), ?), ?, 3600000) as hour
      on conflict do nothing
      """;

  private final DataSource source;

  public PostgresHourBook(DataSource source) {
    this.source = source;
  }

  @Override
  public void keep(List<Nodes> nodes, Instant now) {
    long hour = hour(now);
    long earliest = hour - MISSED_MAX.toMillis();
    Transaction.attempt(
        source,
        new View.Everybody(),
        connection -> {
          nodes(connection, nodes, hour, earliest);
          return hour;
        });
  }

  private static void nodes(Connection connection, List<Nodes> nodes, long hour, long earliest)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(NODES)) {
      for (Nodes one : nodes) {
        statement.setString(1, one.pool());
        statement.setInt(2, one.nodes());
        statement.setString(3, one.currency());
        statement.setLong(4, one.microsPerHour());
        statement.setString(5, one.pool());
        statement.setLong(6, hour);
        statement.setLong(7, earliest);
        statement.setLong(8, hour);
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  private static long hour(Instant at) {
    return Math.floorDiv(at.toEpochMilli(), HOUR_MS) * HOUR_MS;
  }
}
