package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.retention.Erasure;
import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.sql.DataSource;

/** What was erased, beside the keys. */
public final class PostgresErasures {
  private static final String COLUMNS =
      "select id, tenant, kind, keys, tree_size, actor, reason, erased_at from erasures ";

  private final DataSource source;

  /**
   * @param source connections to the log
   */
  public PostgresErasures(DataSource source) {
    this.source = source;
  }

  /** The newest erasures of a view, newest first. */
  public List<Erasure> newest(View view, int rowsMax) {
    return Transaction.attempt(
        source,
        connection -> {
          RowView.take(connection, view);
          return all(connection, COLUMNS + "order by id desc limit " + rowsMax);
        });
  }

  List<Erasure> unrecorded() {
    return Transaction.attempt(
        source,
        connection -> {
          RowView.takeAll(connection);
          return all(connection, COLUMNS + "where not recorded order by id limit 1000");
        });
  }

  void recorded(long erasure) {
    Transaction.attempt(
        source,
        connection -> {
          RowView.takeAll(connection);
          try (PreparedStatement statement =
              connection.prepareStatement("update erasures set recorded = true where id = ?")) {
            statement.setLong(1, erasure);
            return statement.executeUpdate();
          }
        });
  }

  private static List<Erasure> all(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet rows = statement.executeQuery()) {
      List<Erasure> erasures = new ArrayList<>();
      while (rows.next()) {
        erasures.add(read(rows));
      }
      return erasures;
    }
  }

  static Erasure read(ResultSet row) throws SQLException {
    return new Erasure(
        row.getLong(1),
        new TenantId(row.getString(2)),
        Erasure.Kind.valueOf(row.getString(3).toUpperCase(Locale.ROOT)),
        row.getInt(4),
        row.getLong(5),
        row.getString(6),
        row.getString(7),
        row.getTimestamp(8).toInstant());
  }
}
