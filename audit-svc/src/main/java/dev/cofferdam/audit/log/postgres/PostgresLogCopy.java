package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.log.LogCopy;
import dev.cofferdam.audit.log.LogReader;
import dev.cofferdam.audit.proof.NodeId;
import dev.cofferdam.audit.proof.TileNodes;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;

/** The store's log, to be verified or copied. */
public final class PostgresLogCopy implements LogCopy {

  private final DataSource source;
  private final PostgresLogReader reader;

  /**
   * @param source connections to the log
   */
  public PostgresLogCopy(DataSource source) {
    this.source = source;
    this.reader = new PostgresLogReader(source);
  }

  private interface Mapping<T> {
    T of(ResultSet row) throws SQLException;
  }

  private <T> List<T> page(String sql, long from, int rowsMax, Mapping<T> mapping) {
    return Transaction.attempt(
        source,
        connection -> {
          RowView.takeAll(connection);
          return page(connection, sql, from, rowsMax, mapping);
        });
  }

  private static <T> List<T> page(
      Connection connection, String sql, long from, int rowsMax, Mapping<T> mapping)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, from);
      statement.setInt(2, rowsMax);
      try (ResultSet rows = statement.executeQuery()) {
        List<T> all = new ArrayList<>();
        while (rows.next()) {
          all.add(mapping.of(rows));
        }
        return all;
      }
    }
  }

  @Override
  public List<CopiedLeaf> leaves(long from, int leavesMax) {
    return page(
        """
        select index, leaf, tenant, severity, occurred_ms from leaves
        where index >= ? order by index limit ?
        """,
        from,
        leavesMax,
        row ->
            new CopiedLeaf(
                row.getLong(1),
                row.getBytes(2),
                Optional.of(new RowLabel(row.getString(3), row.getInt(4), row.getLong(5)))));
  }

  @Override
  public List<TreeHash> entries(int tileLevel, long from, int entriesMax) {
    Set<NodeId> asked = new HashSet<>();
    int level = tileLevel * TileNodes.HEIGHT;
    for (int i = 0; i < entriesMax; i++) {
      asked.add(new NodeId(level, from + i));
    }
    Map<NodeId, TreeHash> found = reader.read(asked);
    List<TreeHash> entries = new ArrayList<>();
    for (int i = 0; i < entriesMax; i++) {
      TreeHash hash = found.get(new NodeId(level, from + i));
      if (hash == null) {
        break;
      }
      entries.add(hash);
    }
    return entries;
  }

  @Override
  public List<SignedNote> checkpoints(long fromSize, int notesMax) {
    return page(
        """
        select tree_size, note from checkpoints
        where tree_size >= ? order by tree_size limit ?
        """,
        fromSize,
        notesMax,
        row -> new SignedNote(row.getLong(1), row.getString(2)));
  }

  @Override
  public Optional<LogReader.Head> head() {
    return Optional.of(reader.head());
  }
}
