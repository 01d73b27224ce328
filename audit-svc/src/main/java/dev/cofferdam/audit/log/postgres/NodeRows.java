package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.proof.NodeId;
import dev.cofferdam.audit.proof.NodeSource;
import dev.cofferdam.audit.proof.TileNodes;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Entries of tiles as rows: roots in a table of their own, hashes of leaves with their records. */
final class NodeRows {
  private static final String LEAVES =
      "select 0, index, leaf_hash from leaves where index = any(?)";
  private static final String ROOTS =
      "select level::integer, index, hash from nodes where level = %d and index = any(?)";
  private static final String WRITE =
      "insert into nodes (level, index, hash) select * from unnest(?::smallint[], ?::bigint[], ?)";

  private NodeRows() {}

  /** The tree's nodes, each read in one statement. */
  static NodeSource of(Connection connection) {
    return new TileNodes(
        entries -> {
          try {
            return read(connection, entries);
          } catch (SQLException e) {
            throw new StoreUnavailableException(e);
          }
        });
  }

  private static Map<NodeId, TreeHash> read(Connection connection, Set<NodeId> nodes)
      throws SQLException {
    if (nodes.isEmpty()) {
      return Map.of();
    }
    Map<Integer, List<Long>> levels =
        nodes.stream()
            .collect(
                Collectors.groupingBy(
                    NodeId::level,
                    TreeMap::new,
                    Collectors.mapping(NodeId::index, Collectors.toList())));
    String sql =
        levels.keySet().stream()
            .map(level -> level == 0 ? LEAVES : ROOTS.formatted(level))
            .collect(Collectors.joining(" union all "));
    Map<NodeId, TreeHash> hashes = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      int parameter = 1;
      for (List<Long> indexes : levels.values()) {
        statement.setArray(parameter++, connection.createArrayOf("bigint", indexes.toArray()));
      }
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          hashes.put(new NodeId(rows.getInt(1), rows.getLong(2)), TreeHash.of(rows.getBytes(3)));
        }
      }
    }
    return hashes;
  }

  /** Adds roots of tiles. */
  static void write(Connection connection, Map<NodeId, TreeHash> nodes) throws SQLException {
    if (nodes.isEmpty()) {
      return;
    }
    List<NodeId> ids = List.copyOf(nodes.keySet());
    try (PreparedStatement statement = connection.prepareStatement(WRITE)) {
      statement.setArray(
          1, connection.createArrayOf("smallint", ids.stream().map(NodeId::level).toArray()));
      statement.setArray(
          2, connection.createArrayOf("bigint", ids.stream().map(NodeId::index).toArray()));
      byte[][] hashes = new byte[ids.size()][];
      for (int i = 0; i < hashes.length; i++) {
        TreeHash hash = nodes.get(ids.get(i));
        hashes[i] = hash == null ? new byte[0] : hash.bytes();
      }
      statement.setArray(3, connection.createArrayOf("bytea", hashes));
      statement.executeUpdate();
    }
  }
}
