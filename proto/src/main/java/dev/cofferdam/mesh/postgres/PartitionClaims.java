package dev.cofferdam.mesh.postgres;

import dev.cofferdam.mesh.store.StaleClaimException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Who may write from a partition, and from where on. A claim raises the partition's number; a
 * transaction that advances the offset holds the row's lock and proves that the number is still its
 * own. So a member that lost a partition in a rebalance cannot store what the next one stores too.
 * The claims are rows of the table {@code consumer_offsets}.
 */
public final class PartitionClaims {
  private static final String CLAIM =
      """
      insert into consumer_offsets (topic, "partition", claim) values (?, ?, 1)
      on conflict (topic, "partition") do update set claim = consumer_offsets.claim + 1
      returning claim, next_offset
      """;
  private static final String ADVANCE =
      """
      update consumer_offsets set next_offset = ?
      where topic = ? and "partition" = ? and claim = ?
      """;

  private final Map<Integer, Long> held = new HashMap<>();

  /** Takes partitions over, in the connection's transaction; gives their next offsets. */
  public Map<Integer, Long> claim(Connection connection, String topic, Set<Integer> partitions)
      throws SQLException {
    Map<Integer, Long> next = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(CLAIM)) {
      for (int partition : new TreeSet<>(partitions)) {
        statement.setString(1, topic);
        statement.setInt(2, partition);
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          held.put(partition, row.getLong(1));
          long offset = row.getLong(2);
          if (!row.wasNull()) {
            next.put(partition, offset);
          }
        }
      }
    }
    return next;
  }

  /**
   * Moves offsets on, in the connection's transaction. Locks are taken in the order of partitions.
   *
   * @throws StaleClaimException where somebody else has claimed one of the partitions since
   */
  public void advance(Connection connection, String topic, Map<Integer, Long> nextOffsets)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ADVANCE)) {
      for (Map.Entry<Integer, Long> next : new TreeMap<>(nextOffsets).entrySet()) {
        statement.setLong(1, next.getValue());
        statement.setString(2, topic);
        statement.setInt(3, next.getKey());
        statement.setLong(4, held.getOrDefault(next.getKey(), -1L));
        if (statement.executeUpdate() != 1) {
          throw new StaleClaimException(next.getKey());
        }
      }
    }
  }
}
