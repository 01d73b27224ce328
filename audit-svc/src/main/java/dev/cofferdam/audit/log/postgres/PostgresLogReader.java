package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.log.LogReader;
import dev.cofferdam.audit.proof.NodeId;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.mesh.store.View;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;

/**
 * Reads the log. Records pass two walls: the tenant is a condition of the statement, and the
 * transaction sees that tenant's rows alone (row-level security). Hashes are read from all rows;
 * they say nothing about anybody.
 */
public final class PostgresLogReader implements LogReader {
  private final DataSource source;

  /**
   * @param source connections to the log
   */
  public PostgresLogReader(DataSource source) {
    this.source = source;
  }

  /** Whether row-level security applies to the database's user: it is no superuser and the like. */
  public boolean isConfined() {
    return Transaction.attempt(source, RowView::isConfined);
  }

  @Override
  public Head head() {
    return Transaction.attempt(
        source,
        connection -> {
          try (Statement statement = connection.createStatement();
              ResultSet row = statement.executeQuery("select size, root from log_head")) {
            if (!row.next()) {
              throw new IllegalStateException("the log has no head");
            }
            return new Head(row.getLong(1), TreeHash.of(row.getBytes(2)));
          }
        });
  }

  @Override
  public Map<NodeId, TreeHash> read(Set<NodeId> nodes) {
    return Transaction.attempt(
        source,
        connection -> {
          RowView.takeAll(connection);
          return NodeRows.of(connection).read(nodes);
        });
  }

  @Override
  public Optional<TreeHash> leafHash(long index) {
    NodeId leaf = new NodeId(0, index);
    return Optional.ofNullable(read(Set.of(leaf)).get(leaf));
  }

  @Override
  public List<Leaf> records(View view, RecordQuery query) {
    List<String> conditions = new ArrayList<>();
    List<Object> values = new ArrayList<>();
    if (view instanceof View.Of of) {
      conditions.add("tenant = ?");
      values.add(of.tenant().value());
    }
    query
        .tenant()
        .ifPresent(
            tenant -> {
              conditions.add("tenant = ?");
              values.add(tenant.value());
            });
    query
        .request()
        .ifPresent(
            request -> {
              conditions.add("request_id = ?");
              values.add(request.value());
            });
    if (!query.operation().isEmpty()) {
      conditions.add("operation = ?");
      values.add(query.operation());
    }
    if (query.fromMs() != 0) {
      conditions.add("occurred_ms >= ?");
      values.add(query.fromMs());
    }
    if (query.toMs() != 0) {
      conditions.add("occurred_ms < ?");
      values.add(query.toMs());
    }
    if (query.severity() != 0) {
      conditions.add("severity = ?");
      values.add(query.severity());
    }
    query
        .before()
        .ifPresent(
            before -> {
              conditions.add("index < ?");
              values.add(before);
            });
    values.add(query.rowsMax());
    String where = conditions.isEmpty() ? "" : " where " + String.join(" and ", conditions);
    String sql =
        "select index, event_id, leaf, leaf_hash from leaves"
            + where
            + " order by index desc limit ?";
    return Transaction.attempt(
        source,
        connection -> {
          RowView.take(connection, view);
          return leaves(connection, sql, values);
        });
  }

  @Override
  public List<Leaf> leaves(long from, int leavesMax) {
    return Transaction.attempt(
        source,
        connection -> {
          RowView.takeAll(connection);
          return leaves(
              connection,
              """
              select index, event_id, leaf, leaf_hash from leaves
              where index >= ? order by index limit ?
              """,
              List.of(from, leavesMax));
        });
  }

  private static List<Leaf> leaves(Connection connection, String sql, List<Object> values)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.size(); i++) {
        statement.setObject(i + 1, values.get(i));
      }
      try (ResultSet rows = statement.executeQuery()) {
        List<Leaf> leaves = new ArrayList<>();
        while (rows.next()) {
          leaves.add(
              new Leaf(
                  rows.getLong(1),
                  rows.getString(2),
                  rows.getBytes(3),
                  TreeHash.of(rows.getBytes(4))));
        }
        return leaves;
      }
    }
  }
}
