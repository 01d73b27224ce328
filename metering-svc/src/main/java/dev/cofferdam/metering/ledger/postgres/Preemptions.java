package dev.cofferdam.metering.ledger.postgres;

import dev.cofferdam.metering.ledger.Booked;
import dev.cofferdam.metering.usage.Preemption;
import dev.cofferdam.metering.usage.UsageEvent;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/** For whom attempts gave way, in a table that operators' views show. */
final class Preemptions {
  private static final String ADD =
      """
      insert into usage_preemptions (ended_ms, tenant, preempted_by, times, attempt, sequence, request_id)
      values (?, ?, ?, ?, ?, ?, ?::uuid)
      """;

  private Preemptions() {}

  /** Adds those of the events that were added, in the connection's transaction. */
  static void add(Connection connection, List<Booked> added, Map<String, List<Preemption>> byEvent)
      throws SQLException {
    if (byEvent.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(ADD)) {
      for (Booked booked : added) {
        UsageEvent event = booked.event();
        for (Preemption preemption : byEvent.getOrDefault(event.eventId(), List.of())) {
          statement.setLong(1, event.ended().toEpochMilli());
          statement.setString(2, event.tenant().value());
          statement.setString(3, preemption.by().value());
          statement.setInt(4, preemption.times());
          statement.setInt(5, event.attempt());
          statement.setInt(6, event.sequence());
          statement.setString(7, event.request().value());
          statement.addBatch();
        }
      }
      statement.executeBatch();
    }
  }
}
