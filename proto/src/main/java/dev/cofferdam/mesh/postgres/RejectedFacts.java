package dev.cofferdam.mesh.postgres;

import dev.cofferdam.mesh.store.RejectedFact;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;

/** Facts that a store could not take, in its table {@code rejected_events}. */
public final class RejectedFacts {
  private static final String REJECT =
      """
      insert into rejected_events (topic, "partition", "offset", reason) values (?, ?, ?, ?)
      on conflict do nothing
      """;

  private RejectedFacts() {}

  /** Notes facts, in the connection's transaction; one that is noted already stays as it is. */
  public static void add(Connection connection, List<RejectedFact> facts) throws SQLException {
    if (facts.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(REJECT)) {
      for (RejectedFact fact : facts) {
        statement.setString(1, fact.topic());
        statement.setInt(2, fact.partition());
        statement.setLong(3, fact.offset());
        statement.setString(4, fact.reason());
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }
}
