package dev.cofferdam.metering.ledger.postgres;

import dev.cofferdam.metering.ledger.Booked;
import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** The columns of an event, in one place for writing and reading. */
final class EventColumns {
  /**
   * A column.
   *
   * @param name its name
   * @param writer puts an event's value into a row of COPY
   */
  private record Column(String name, Writer writer) {}

  private interface Writer {
    void write(Booked booked, CopyRows rows);
  }

  private static final List<Column> ALL =
      List.of(
          new Column(
              "ended_ms", (booked, rows) -> rows.putLong(booked.event().ended().toEpochMilli())),
          new Column("booked_at", (booked, rows) -> rows.putTime(booked.at())),
          quantity("prompt_tokens", UsageEvent.Quantities::promptTokens),
          quantity("cached_prompt_tokens", UsageEvent.Quantities::cachedPromptTokens),
          quantity("output_tokens", UsageEvent.Quantities::outputTokens),
          quantity("queue_wait_ms", UsageEvent.Quantities::queueWaitMs),
          quantity("prefill_ms", UsageEvent.Quantities::prefillMs),
          quantity("decode_ms", UsageEvent.Quantities::decodeMs),
          quantity("compute_us", UsageEvent.Quantities::computeUs),
          quantity("kv_block_ms", UsageEvent.Quantities::kvBlockMs),
          integer("preemptions", event -> event.quantities().preemptions()),
          integer("attempt", UsageEvent::attempt),
          integer("sequence", UsageEvent::sequence),
          new Column("request_id", (booked, rows) -> rows.putHex(booked.event().request().value())),
          text("source", UsageEvent::source),
          text("tenant", event -> event.tenant().value()),
          text("tier", UsageEvent::tier),
          text("model", event -> event.served().model()),
          text("adapter", event -> event.served().adapter()),
          text("adapter_version", event -> event.served().adapterVersion()),
          text("workload_class", event -> event.served().workloadClass()),
          text("pool", event -> event.served().pool()),
          text("worker_id", event -> event.served().workerId()),
          text("worker_type", event -> event.served().workerType()),
          text("operation", event -> event.served().operation()),
          text("outcome", UsageEvent::outcome));

  private EventColumns() {}

  private static Column quantity(String name, ToLongFunction<UsageEvent.Quantities> value) {
    return new Column(
        name, (booked, rows) -> rows.putLong(value.applyAsLong(booked.event().quantities())));
  }

  private static Column integer(String name, ToIntFunction<UsageEvent> value) {
    return new Column(name, (booked, rows) -> rows.putInt(value.applyAsInt(booked.event())));
  }

  private static Column text(String name, Function<UsageEvent, String> value) {
    return new Column(name, (booked, rows) -> rows.putText(value.apply(booked.event())));
  }

  /** Adds an event's row. */
  static void write(Booked booked, CopyRows rows) {
    rows.startRow(ALL.size());
    for (Column column : ALL) {
      column.writer().write(booked, rows);
    }
  }

  /** All names, separated by commas. */
  static String names() {
    return ALL.stream().map(Column::name).collect(Collectors.joining(", "));
  }

  /** The event of a row. */
  static UsageEvent read(ResultSet row) throws SQLException {
    RequestId request = new RequestId(row.getString("request_id").replace("-", ""));
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
