package dev.cofferdam.metering.ledger.postgres;

import dev.cofferdam.mesh.postgres.PartitionClaims;
import dev.cofferdam.mesh.postgres.RejectedFacts;
import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.metering.ledger.Ledger;
import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.vocabulary.RequestId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * The ledger in PostgreSQL. A batch is one transaction: the offsets first (their rows are the lock
 * that keeps a former holder out), then the events and what the added ones contribute to the sums
 * in a single statement.
 */
public final class PostgresLedger implements Ledger {
  private static final String APPEND =
      """
      with incoming as (
        select * from unnest(%1$s) as t(%2$s)
      ), payers as (
        select distinct on (request_id) request_id, attempt, sequence from incoming as i
        where prompt_tokens > 0 and not exists (
          select from usage_events as e where e.request_id = i.request_id and e.prompt_tokens > 0)
        order by request_id, attempt, sequence
      ), added as (
        insert into usage_events (%2$s)
        select %3$s from incoming left join payers using (request_id, attempt, sequence)
        on conflict on constraint usage_events_once do nothing
        returning *
      ), summed as (
        insert into usage_rollups as r (period, period_start, tenant, model, adapter, workload_class,
          requests, prompt_tokens, cached_prompt_tokens, output_tokens, compute_us, kv_block_ms)
        select p.period, date_trunc(p.period, to_timestamp(ended_ms / 1000.0), 'UTC') as start,
          tenant, model, adapter, workload_class,
          count(*) filter (where attempt = 1 and sequence = 0 and operation <> 'shadow'), sum(prompt_tokens),
          sum(cached_prompt_tokens), sum(output_tokens), sum(compute_us), sum(kv_block_ms)
        from added cross join (values ('hour'), ('day')) as p(period)
        group by p.period, start, tenant, model, adapter, workload_class
        order by p.period, tenant, start, model, adapter, workload_class
        on conflict (period, tenant, period_start, model, adapter, workload_class) do update set
          requests = r.requests + excluded.requests,
          prompt_tokens = r.prompt_tokens + excluded.prompt_tokens,
          cached_prompt_tokens = r.cached_prompt_tokens + excluded.cached_prompt_tokens,
          output_tokens = r.output_tokens + excluded.output_tokens,
          compute_us = r.compute_us + excluded.compute_us,
          kv_block_ms = r.kv_block_ms + excluded.kv_block_ms
      )
      select request_id, attempt, sequence from added
      """
          .formatted(
              EventColumns.ALL.stream()
                  .map(column -> "?::" + column.type() + "[]")
                  .collect(Collectors.joining(", ")),
              EventColumns.names(),
              EventColumns.ALL.stream()
                  .map(EventColumns.Column::name)
                  .map(PostgresLedger::billedOnce)
                  .collect(Collectors.joining(", ")));

  /** The input is billed once for a request, however many attempts read it. */
  private static String billedOnce(String column) {
    return column.equals("prompt_tokens") || column.equals("cached_prompt_tokens")
        ? "case when payers is null then 0 else incoming." + column + " end"
        : "incoming." + column;
  }

  private final DataSource source;
  private final PartitionClaims claims = new PartitionClaims();

  /**
   * @param source connections to the ledger
   */
  public PostgresLedger(DataSource source) {
    this.source = source;
  }

  @Override
  public Map<Integer, Long> claim(String topic, Set<Integer> partitions) {
    return Transaction.attempt(source, connection -> claims.claim(connection, topic, partitions));
  }

  @Override
  public Set<String> append(Batch batch) {
    return Transaction.attempt(
        source,
        connection -> {
          claims.advance(connection, batch.topic(), batch.nextOffsets());
          RejectedFacts.add(connection, batch.rejected());
          return batch.events().isEmpty() ? Set.of() : add(connection, batch.events());
        });
  }

  private static Set<String> add(Connection connection, List<UsageEvent> events)
      throws SQLException {
    Set<String> added = new HashSet<>();
    RowView.takeAll(connection);
    try (PreparedStatement statement = connection.prepareStatement(APPEND)) {
      int index = 1;
      for (EventColumns.Column column : EventColumns.ALL) {
        statement.setArray(
            index++, connection.createArrayOf(column.type(), EventColumns.values(column, events)));
      }
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          added.add(UsageEvent.id(new RequestId(row.getString(1)), row.getInt(2), row.getInt(3)));
        }
      }
    }
    return added;
  }
}
