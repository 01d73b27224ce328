package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.log.AuditLog;
import dev.cofferdam.audit.proof.Frontier;
import dev.cofferdam.audit.proof.NodeId;
import dev.cofferdam.audit.proof.TileNodes;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.audit.record.AuditEvent;
import dev.cofferdam.audit.sealing.DataKey;
import dev.cofferdam.audit.sealing.SealedRecord;
import dev.cofferdam.audit.sealing.SealedRecord.Label;
import dev.cofferdam.mesh.postgres.PartitionClaims;
import dev.cofferdam.mesh.postgres.RejectedFacts;
import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * The log in PostgreSQL. A batch is one transaction: the offsets (their rows keep a former holder
 * out), the head's row (its lock is the sequencer: one appends at a time, so indexes are dense),
 * then leaves, the roots of the tiles that they complete, and the new head.
 */
public final class PostgresAuditLog implements AuditLog {
  private static final String KNOWN =
      """
      select l.source, l.event_id
      from unnest(?::text[], ?::text[]) as asked(source, event_id)
      join leaves l on l.source = asked.source and l.event_id = asked.event_id
      """;
  private static final String APPEND =
      """
      insert into leaves
        (index, tenant, source, event_id, request_id, operation, severity, occurred_ms, leaf,
          leaf_hash)
      select * from unnest(?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
        ?::smallint[], ?::bigint[], ?, ?)
      """;

  private final DataSource source;
  private final PostgresDataKeys keys;
  private final PartitionClaims claims = new PartitionClaims();

  /** The tree's edge as this instance last committed it; another instance may have gone on. */
  private Frontier committed = Frontier.empty();

  /**
   * @param source connections to the log
   */
  public PostgresAuditLog(DataSource source, PostgresDataKeys keys) {
    this.source = source;
    this.keys = keys;
  }

  @Override
  public Map<Integer, Long> claim(String topic, Set<Integer> partitions) {
    return Transaction.attempt(source, connection -> claims.claim(connection, topic, partitions));
  }

  @Override
  public List<AuditEvent> append(Batch batch) {
    Step step =
        Transaction.attempt(
            source,
            connection -> {
              claims.advance(connection, batch.topic(), batch.nextOffsets());
              RejectedFacts.add(connection, batch.rejected());
              return batch.events().isEmpty()
                  ? new Step(List.of(), committed)
                  : append(connection, batch.events());
            });
    committed = step.tree();
    return step.appended();
  }

  /** What a transaction did; holds only once it is committed. */
  private record Step(List<AuditEvent> appended, Frontier tree) {}

  private Step append(Connection connection, List<AuditEvent> events) throws SQLException {
    RowView.takeAll(connection);
    Frontier tree = lockHead(connection);
    List<AuditEvent> fresh = fresh(connection, events);
    if (fresh.isEmpty()) {
      return new Step(fresh, tree);
    }
    Map<TenantId, DataKey> sealing =
        keys.inUse(connection, fresh.stream().map(AuditEvent::tenant).collect(Collectors.toSet()));
    long first = tree.size();
    List<byte[]> leaves = new ArrayList<>(fresh.size());
    List<byte[]> hashes = new ArrayList<>(fresh.size());
    Map<NodeId, TreeHash> roots = new LinkedHashMap<>();
    for (AuditEvent event : fresh) {
      DataKey key = sealing.get(event.tenant());
      if (key == null) {
        throw new IllegalStateException("no key for " + event.tenant());
      }
      byte[] leaf =
          SealedRecord.seal(
                  key, event.id(), new Label(event.severity(), event.occurredMs()), event.payload())
              .encode();
      TreeHash hash = TreeHash.leaf(leaf);
      tree.append(
          hash,
          (node, root) -> {
            if (TileNodes.isEntry(node)) {
              roots.put(node, root);
            }
          });
      leaves.add(leaf);
      hashes.add(hash.bytes());
    }
    insert(connection, first, fresh, leaves, hashes);
    NodeRows.write(connection, roots);
    moveHead(connection, tree);
    return new Step(fresh, tree);
  }

  /** Takes the sequencer's lock; gives the tree's edge to append to. */
  private Frontier lockHead(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select size, root from log_head for update")) {
      if (!row.next()) {
        throw new IllegalStateException("the log has no head");
      }
      long size = row.getLong(1);
      TreeHash root = TreeHash.of(row.getBytes(2));
      Frontier tree =
          committed.size() == size
              ? committed.copy()
              : Frontier.load(size, NodeRows.of(connection));
      if (!tree.root().equals(root)) {
        throw new IllegalStateException("the log's nodes do not make up its root");
      }
      return tree;
    }
  }

  /** The events that the log does not have, each once. */
  private static List<AuditEvent> fresh(Connection connection, List<AuditEvent> events)
      throws SQLException {
    Set<List<String>> known = new HashSet<>();
    try (PreparedStatement statement = connection.prepareStatement(KNOWN)) {
      statement.setArray(1, texts(connection, events, AuditEvent::source));
      statement.setArray(2, texts(connection, events, AuditEvent::id));
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          known.add(List.of(rows.getString(1), rows.getString(2)));
        }
      }
    }
    return events.stream().filter(e -> known.add(List.of(e.source(), e.id()))).toList();
  }

  private static void insert(
      Connection connection,
      long first,
      List<AuditEvent> events,
      List<byte[]> leaves,
      List<byte[]> hashes)
      throws SQLException {
    Object[] indexes = new Object[events.size()];
    for (int i = 0; i < indexes.length; i++) {
      indexes[i] = first + i;
    }
    try (PreparedStatement statement = connection.prepareStatement(APPEND)) {
      statement.setArray(1, connection.createArrayOf("bigint", indexes));
      statement.setArray(2, texts(connection, events, event -> event.tenant().value()));
      statement.setArray(3, texts(connection, events, AuditEvent::source));
      statement.setArray(4, texts(connection, events, AuditEvent::id));
      statement.setArray(5, texts(connection, events, AuditEvent::request));
      statement.setArray(6, texts(connection, events, AuditEvent::operation));
      statement.setArray(
          7,
          connection.createArrayOf(
              "smallint", events.stream().map(AuditEvent::severity).toArray()));
      statement.setArray(
          8,
          connection.createArrayOf(
              "bigint", events.stream().map(AuditEvent::occurredMs).toArray()));
      statement.setArray(9, connection.createArrayOf("bytea", leaves.toArray(new byte[0][])));
      statement.setArray(10, connection.createArrayOf("bytea", hashes.toArray(new byte[0][])));
      statement.executeUpdate();
    }
  }

  private static java.sql.Array texts(
      Connection connection, List<AuditEvent> events, Function<AuditEvent, String> value)
      throws SQLException {
    return connection.createArrayOf("text", events.stream().map(value).toArray());
  }

  private static void moveHead(Connection connection, Frontier tree) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("update log_head set size = ?, root = ?")) {
      statement.setLong(1, tree.size());
      statement.setBytes(2, tree.root().bytes());
      statement.executeUpdate();
    }
  }
}
