package dev.cofferdam.metering.ledger.postgres;

import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The columns of an event, in one place for writing and reading. */
final class EventColumns {
  /**
   * A column.
   *
   * @param name its name
   * @param type its type in an array parameter
   * @param value its value
   */
  record Column(String name, String type, Function<UsageEvent, Object> value) {}

  static final List<Column> ALL =
      List.of(
          new Column("source", "text", UsageEvent::source),
          new Column("request_id", "text", e -> e.request().value()),
          new Column("attempt", "integer", UsageEvent::attempt),
          new Column("sequence", "integer", UsageEvent::sequence),
          new Column("tenant", "text", e -> e.tenant().value()),
          new Column("tier", "text", UsageEvent::tier),
          new Column("model", "text", e -> e.served().model()),
          new Column("adapter", "text", e -> e.served().adapter()),
          new Column("adapter_version", "text", e -> e.served().adapterVersion()),
          new Column("workload_class", "text", e -> e.served().workloadClass()),
          new Column("pool", "text", e -> e.served().pool()),
          new Column("worker_id", "text", e -> e.served().workerId()),
          new Column("worker_type", "text", e -> e.served().workerType()),
          new Column("operation", "text", e -> e.served().operation()),
          new Column("prompt_tokens", "bigint", e -> e.quantities().promptTokens()),
          new Column("cached_prompt_tokens", "bigint", e -> e.quantities().cachedPromptTokens()),
          new Column("output_tokens", "bigint", e -> e.quantities().outputTokens()),
          new Column("queue_wait_ms", "bigint", e -> e.quantities().queueWaitMs()),
          new Column("prefill_ms", "bigint", e -> e.quantities().prefillMs()),
          new Column("decode_ms", "bigint", e -> e.quantities().decodeMs()),
          new Column("compute_us", "bigint", e -> e.quantities().computeUs()),
          new Column("kv_block_ms", "bigint", e -> e.quantities().kvBlockMs()),
          new Column("preemptions", "integer", e -> e.quantities().preemptions()),
          new Column("outcome", "text", UsageEvent::outcome),
          new Column("ended_ms", "bigint", e -> e.ended().toEpochMilli()));

  private EventColumns() {}

  /** One array of values for each column. */
  static Object[] values(Column column, List<UsageEvent> events) {
    Object[] values = new Object[events.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = column.value().apply(events.get(i));
    }
    return values;
  }

  /** All names, separated by commas. */
  static String names() {
    return ALL.stream().map(Column::name).collect(Collectors.joining(", "));
  }

  /** The event of a row. */
  static UsageEvent read(ResultSet row) throws SQLException {
    RequestId request = new RequestId(row.getString("request_id"));
    int attempt = row.getInt("attempt");
    int sequence = row.getInt("sequence");
    return new UsageEvent(
        row.getString("source"),
        UsageEvent.id(request, attempt, sequence),
        request,
        attempt,
        sequence,
        new TenantId(row.getString("tenant")),
        row.getString("tier"),
        new UsageEvent.Served(
            row.getString("model"),
            row.getString("adapter"),
            row.getString("adapter_version"),
            row.getString("workload_class"),
            row.getString("pool"),
            row.getString("worker_id"),
            row.getString("worker_type"),
            row.getString("operation")),
        new UsageEvent.Quantities(
            row.getLong("prompt_tokens"),
            row.getLong("cached_prompt_tokens"),
            row.getLong("output_tokens"),
            row.getLong("queue_wait_ms"),
            row.getLong("prefill_ms"),
            row.getLong("decode_ms"),
            row.getLong("compute_us"),
            row.getLong("kv_block_ms"),
            row.getInt("preemptions")),
        row.getString("outcome"),
        Instant.ofEpochMilli(row.getLong("ended_ms")));
  }
}
