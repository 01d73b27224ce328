package dev.cofferdam.metering.ledger.postgres;

import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.metering.ledger.Closings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import javax.sql.DataSource;

/** Closings in PostgreSQL. A closing waits for appends that have begun, and they for it. */
public final class PostgresClosings implements Closings {
  private static final String HOLD_OPEN =
      "select pg_advisory_xact_lock_shared(hashtext('cofferdam usage closing'))";
  private static final String FIRST_OPEN = "select closed_before()";
  private static final String CLOSE = "select close_usage_hours(?)";

  private final DataSource source;

  /**
   * @param source connections to the ledger
   */
  public PostgresClosings(DataSource source) {
    this.source = source;
  }

  @Override
  public Instant closedBefore() {
    return Transaction.attempt(source, PostgresClosings::firstOpen);
  }

  @Override
  public boolean close(Instant hour) {
    return Transaction.attempt(
        source,
        connection -> {
          RowView.takeAll(connection);
          try (PreparedStatement statement = connection.prepareStatement(CLOSE)) {
            statement.setObject(1, hour.atOffset(ZoneOffset.UTC));
            try (ResultSet row = statement.executeQuery()) {
              return row.next() && row.getBoolean(1);
            }
          }
        });
  }

  /** The first open hour, which stays open until the connection's transaction ends. */
  static Instant holdOpen(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(HOLD_OPEN)) {
      statement.execute();
    }
    // A statement of its own: it sees what was closed while the lock was waited for.
    return firstOpen(connection);
  }

  private static Instant firstOpen(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(FIRST_OPEN);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getObject(1, OffsetDateTime.class).toInstant();
    }
  }
}
