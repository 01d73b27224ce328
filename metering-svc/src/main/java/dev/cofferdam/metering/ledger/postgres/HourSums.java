package dev.cofferdam.metering.ledger.postgres;

import dev.cofferdam.metering.ledger.Booked;
import dev.cofferdam.metering.usage.UsageEvent;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.postgresql.PGConnection;

/** What a batch adds to the sums of hours: few rows for many events. */
final class HourSums {
  private static final String ADD =
      """
      insert into usage_rollup_hours as r (period_start, booked_at, tenant, model, adapter,
        workload_class, requests, prompt_tokens, cached_prompt_tokens, output_tokens, compute_us,
        kv_block_ms)
      select * from unnest(?::timestamptz[], ?::timestamptz[], ?::text[], ?::text[], ?::text[],
        ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[])
      on conflict (tenant, period_start, model, adapter, workload_class, booked_at) do update set
        requests = r.requests + excluded.requests,
        prompt_tokens = r.prompt_tokens + excluded.prompt_tokens,
        cached_prompt_tokens = r.cached_prompt_tokens + excluded.cached_prompt_tokens,
        output_tokens = r.output_tokens + excluded.output_tokens,
        compute_us = r.compute_us + excluded.compute_us,
        kv_block_ms = r.kv_block_ms + excluded.kv_block_ms
      """;

  private static final int SUMS = 6;
  private static final long[] NOTHING = new long[SUMS];

  private record Group(
      Instant start,
      Instant booked,
      String tenant,
      String model,
      String adapter,
      String workloadClass) {}

  /** One for all writers, who lock the rows as they come. */
  private static final Comparator<Group> ORDER =
      Comparator.comparing(Group::tenant)
          .thenComparing(Group::start)
          .thenComparing(Group::model)
          .thenComparing(Group::adapter)
          .thenComparing(Group::workloadClass)
          .thenComparing(Group::booked);

  private final Map<Group, long[]> groups = new HashMap<>();

  void add(Booked booked) {
    UsageEvent event = booked.event();
    UsageEvent.Quantities used = event.quantities();
    long[] sums =
        groups.computeIfAbsent(
            new Group(
                event.ended().truncatedTo(ChronoUnit.HOURS),
                booked.at(),
                event.tenant().value(),
                event.served().model(),
                event.served().adapter(),
                event.served().workloadClass()),
            group -> new long[SUMS]);
    sums[0] += event.startsRequest();
    sums[1] += used.promptTokens();
    sums[2] += used.cachedPromptTokens();
    sums[3] += used.outputTokens();
    sums[4] += used.computeUs();
    sums[5] += used.kvBlockMs();
  }

  /** Adds them to what the store has, in the connection's transaction. */
  void store(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ADD)) {
      PGConnection arrays = connection.unwrap(PGConnection.class);
      List<Group> ordered = groups.keySet().stream().sorted(ORDER).toList();
      int index = 1;
      for (Function<Group, String> key :
          List.<Function<Group, String>>of(
              group -> group.start().atOffset(ZoneOffset.UTC).toString(),
              group -> group.booked().atOffset(ZoneOffset.UTC).toString(),
              Group::tenant,
              Group::model,
              Group::adapter,
              Group::workloadClass)) {
        statement.setArray(
            index++,
            arrays.createArrayOf("text", ordered.stream().map(key).toArray(String[]::new)));
      }
      for (int i = 0; i < SUMS; i++) {
        int sum = i;
        statement.setArray(
            index++,
            arrays.createArrayOf(
                "bigint", ordered.stream().mapToLong(group -> sum(group, sum)).toArray()));
      }
      statement.executeUpdate();
    }
  }

  private long sum(Group group, int number) {
    return groups.getOrDefault(group, NOTHING)[number];
  }
}
