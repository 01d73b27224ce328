package dev.cofferdam.metering.ledger.postgres;

import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.metering.ledger.Booked;
import dev.cofferdam.metering.ledger.Months;
import dev.cofferdam.metering.usage.UsageEvent;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/**
 * The ledger's partitions, one for each UTC month of the events' ends. They are made ahead, and
 * where an event's is missing all the same, before it is added. Belongs to one thread.
 */
public final class UsageMonths implements Months {
  private static final String ENSURE = "select ensure_usage_month(?::timestamptz)";

  private static final String DETACH = "select detach_usage_months(?::timestamptz)";

  private final DataSource source;
  private final Set<YearMonth> known = new HashSet<>();

  /**
   * @param source connections to the ledger
   */
  public UsageMonths(DataSource source) {
    this.source = source;
  }

  @Override
  public void ensure(YearMonth month) {
    if (known.contains(month)) {
      return;
    }
    Transaction.attempt(
        source,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(ENSURE)) {
            statement.setString(1, month.atDay(1) + "T00:00:00Z");
            return statement.execute();
          }
        });
    known.add(month);
  }

  @Override
  public int detachBefore(YearMonth first) {
    known.removeIf(month -> month.isBefore(first));
    return Transaction.attempt(
        source,
        connection -> {
          RowView.takeAll(connection);
          try (PreparedStatement statement = connection.prepareStatement(DETACH)) {
            statement.setString(1, first.atDay(1) + "T00:00:00Z");
            try (ResultSet row = statement.executeQuery()) {
              row.next();
              return row.getInt(1);
            }
          }
        });
  }

  void ensure(List<UsageEvent> events) {
    for (UsageEvent event : events) {
      ensure(of(event));
    }
  }

  /**
   * Adds events, in the connection's transaction. Straight into their partitions: COPY does not
   * write where row-level security is forced, as it is on the whole table.
   */
  void copy(Connection connection, List<Booked> events) throws SQLException {
    Map<YearMonth, CopyRows> rows = new HashMap<>();
    for (Booked booked : events) {
      EventColumns.write(
          booked, rows.computeIfAbsent(of(booked.event()), month -> new CopyRows(events.size())));
    }
    CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
    for (Map.Entry<YearMonth, CopyRows> month : rows.entrySet()) {
      String into =
          "copy usage_events_%04d_%02d (%s) from stdin with (format binary)"
              .formatted(
                  month.getKey().getYear(), month.getKey().getMonthValue(), EventColumns.names());
      try {
        copy.copyIn(into, new java.io.ByteArrayInputStream(month.getValue().finish()));
      } catch (IOException e) {
        throw new SQLException("the rows cannot be read", e);
      }
    }
  }

  private static YearMonth of(UsageEvent event) {
    return YearMonth.from(event.ended().atOffset(ZoneOffset.UTC));
  }
}
