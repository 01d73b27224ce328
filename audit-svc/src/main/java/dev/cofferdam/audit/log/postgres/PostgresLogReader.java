package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.log.LogReader;
import dev.cofferdam.audit.proof.NodeId;
import dev.cofferdam.audit.proof.TreeHash;
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
 * statement runs as a role that row-level security confines to that tenant's rows. Hashes are read
 * as the owner; they say nothing about anybody.
 */
public final class PostgresLogReader implements LogReader {
  private final DataSource source;

  /**
   * @param source connections as the owner of the tables and a member of the two view roles
   */
  public PostgresLogReader(DataSource source) {
    this.source = source;
  }

  @Override
  public Head head() {
    return Transactions.run(
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
    return Transactions.run(source, connection -> NodeRows.read(connection, nodes));
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
        .request()
        .ifPresent(
            request -> {
              conditions.add("request_id = ?");
              values.add(request.value());
            });
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
    return Transactions.run(
        source,
        connection -> {
          confine(connection, view);
          return leaves(connection, sql, values);
        });
  }

  @Override
  public List<Leaf> leaves(long from, int leavesMax) {
    return Transactions.run(
        source,
        connection ->
            leaves(
                connection,
                """
                select index, event_id, leaf, leaf_hash from leaves
                where index >= ? order by index limit ?
                """,
                List.of(from, leavesMax)));
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

  /** Takes the view's role for the rest of the transaction. */
  private static void confine(Connection connection, View view) throws SQLException {
    String tenant = view instanceof View.Of of ? of.tenant().value() : "";
    try (PreparedStatement statement =
        connection.prepareStatement("select set_config('cofferdam.tenant', ?, true)")) {
      statement.setString(1, tenant);
      statement.execute();
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          switch (view) {
            case View.Of of -> "set local role audit_tenant_view";
            case View.Everybody everybody -> "set local role audit_operator_view";
          });
    }
  }
}
