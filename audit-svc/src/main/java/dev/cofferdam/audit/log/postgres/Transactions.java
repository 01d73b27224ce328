package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.log.AuditLog.LogUnavailableException;
import dev.cofferdam.audit.log.AuditLog.UnstorableException;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Runs work in one transaction, and says of a failure whether another try can help. */
final class Transactions {
  /** Work on a connection. */
  interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  private Transactions() {}

  /** Commits where the work returns, rolls back where it throws. */
  static <T> T run(DataSource source, Work<T> work) {
    try (Connection connection = source.getConnection()) {
      connection.setAutoCommit(false);
      try {
        T result = work.on(connection);
        connection.commit();
        return result;
      } catch (SQLException | RuntimeException | Error e) {
        rollback(connection, e);
        throw e;
      }
    } catch (SQLException e) {
      throw sorted(e);
    }
  }

  private static void rollback(Connection connection, Throwable reason) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      reason.addSuppressed(e);
    }
  }

  /** Classes 22 (data exception) and 23 (integrity) are the data's fault. */
  private static RuntimeException sorted(SQLException e) {
    String state = e.getSQLState();
    return state != null && (state.startsWith("22") || state.startsWith("23"))
        ? new UnstorableException(state)
        : new LogUnavailableException(e);
  }
}
