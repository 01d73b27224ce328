package dev.cofferdam.metering.ledger.postgres;

import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.vocabulary.RequestId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.postgresql.PGConnection;

/**
 * Which events are counted already, and which event of a request pays for its input. Over all
 * months: an attempt that two sources report may end in two of them.
 */
final class EventIds {
  private static final String COUNT =
      """
      insert into usage_event_ids (request_id, ended_ms, attempt, sequence, pays)
      select request_id, ended_ms, attempt, sequence, reads and not exists (
        select from usage_event_ids as other where other.request_id = t.request_id and other.pays)
      from unnest(?::uuid[], ?::bigint[], ?::integer[], ?::integer[], ?::boolean[])
        as t(request_id, ended_ms, attempt, sequence, reads)
      on conflict do nothing returning request_id, attempt, sequence, pays
      """;

  private EventIds() {}

  /**
   * Counts those that are new, in the connection's transaction.
   *
   * @return the new ones as they are billed: a request's input once, however many attempts read it
   */
  static List<UsageEvent> count(Connection connection, List<UsageEvent> events)
      throws SQLException {
    // In the order of the index, which all writers then walk the same way.
    Map<String, UsageEvent> first = new TreeMap<>();
    Map<RequestId, UsageEvent> payers = new HashMap<>();
    for (UsageEvent event : events) {
      if (first.putIfAbsent(event.eventId(), event) == null
          && event.quantities().promptTokens() > 0) {
        payers.merge(event.request(), event, EventIds::earlier);
      }
    }
    List<UsageEvent> counted = new ArrayList<>(first.size());
    try (PreparedStatement statement = connection.prepareStatement(COUNT)) {
      bind(connection, statement, List.copyOf(first.values()), payers);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          String request = row.getString(1).replace("-", "");
          UsageEvent event =
              first.get(UsageEvent.id(new RequestId(request), row.getInt(2), row.getInt(3)));
          if (event != null) {
            counted.add(row.getBoolean(4) ? event : event.withoutInput());
          }
        }
      }
    }
    return counted;
  }

  private static UsageEvent earlier(UsageEvent one, UsageEvent other) {
    boolean before =
        one.attempt() < other.attempt()
            || one.attempt() == other.attempt() && one.sequence() < other.sequence();
    return before ? one : other;
  }

  private static void bind(
      Connection connection,
      PreparedStatement statement,
      List<UsageEvent> events,
      Map<RequestId, UsageEvent> payers)
      throws SQLException {
    int rows = events.size();
    String[] requests = new String[rows];
    long[] ended = new long[rows];
    int[] attempts = new int[rows];
    int[] sequences = new int[rows];
    boolean[] reads = new boolean[rows];
    for (int i = 0; i < rows; i++) {
      UsageEvent event = events.get(i);
      requests[i] = event.request().value();
      ended[i] = event.ended().toEpochMilli();
      attempts[i] = event.attempt();
      sequences[i] = event.sequence();
      reads[i] = event.equals(payers.get(event.request()));
    }
    PGConnection arrays = connection.unwrap(PGConnection.class);
    statement.setArray(1, arrays.createArrayOf("text", requests));
    statement.setArray(2, arrays.createArrayOf("bigint", ended));
    statement.setArray(3, arrays.createArrayOf("integer", attempts));
    statement.setArray(4, arrays.createArrayOf("integer", sequences));
    statement.setArray(5, arrays.createArrayOf("boolean", reads));
  }
}
