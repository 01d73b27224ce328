package dev.cofferdam.mesh.postgres;

import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.mesh.store.UnstorableException;
import dev.cofferdam.mesh.store.View;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Work in one transaction. */
public final class Transaction {
  /** Work on a connection. */
  public interface Work<T> {
    /** Does it; what it throws is rolled back. */
    T on(Connection connection) throws SQLException;
  }

  private Transaction() {}

  /**
   * Commits where the work returns, rolls back where it throws.
   *
   * @throws SQLException as the driver throws it: what a failure means is the caller's to say
   */
  public static <T> T run(DataSource source, Work<T> work) throws SQLException {
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
    }
  }

  /**
   * As {@link #run}, and says of a failure whether another try can help.
   *
   * @throws UnstorableException where the data is at fault: classes 22 (data exception) and 23
   *     (integrity) of SQLSTATE
   * @throws StoreUnavailableException for every other failure
   */
  public static <T> T attempt(DataSource source, Work<T> work) {
    try {
      return run(source, work);
    } catch (SQLException e) {
      String state = e.getSQLState();
      throw state != null && (state.startsWith("22") || state.startsWith("23"))
          ? new UnstorableException(state)
          : new StoreUnavailableException(e);
    }
  }

  /**
   * As {@link #attempt(DataSource, Work)}, in a transaction that sees a view's rows only.
   *
   * @throws UnstorableException where the data is at fault
   * @throws StoreUnavailableException for every other failure
   */
  public static <T> T attempt(DataSource source, View view, Work<T> work) {
    return attempt(
        source,
        connection -> {
          RowView.take(connection, view);
          return work.on(connection);
        });
  }

  private static void rollback(Connection connection, Throwable reason) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      reason.addSuppressed(e);
    }
  }
}
