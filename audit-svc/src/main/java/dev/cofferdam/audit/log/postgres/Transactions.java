package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.log.AuditLog.LogUnavailableException;
import dev.cofferdam.audit.log.AuditLog.UnstorableException;
import dev.cofferdam.mesh.postgres.Transaction;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Runs work in one transaction, and says of a failure whether another try can help. */
final class Transactions {
  private Transactions() {}

  /** Commits where the work returns, rolls back where it throws. */
  static <T> T run(DataSource source, Transaction.Work<T> work) {
    try {
      return Transaction.run(source, work);
    } catch (SQLException e) {
      throw sorted(e);
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
