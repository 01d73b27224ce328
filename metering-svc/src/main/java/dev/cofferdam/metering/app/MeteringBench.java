package dev.cofferdam.metering.app;

import static dev.cofferdam.mesh.bench.Medians.median;
import static dev.cofferdam.mesh.bench.Medians.medianMs;

import dev.cofferdam.mesh.bench.BenchDatabase;
import dev.cofferdam.mesh.bench.BenchResults;
import dev.cofferdam.mesh.kafka.FactConsumer.Fact;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.ledger.UsageViews;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import dev.cofferdam.metering.ledger.postgres.PostgresUsageViews;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How many events per second the ledger takes, from the record's bytes to the commit with ids, sums
 * and offsets, beside bare batched INSERTs of as many rows into a table with the same columns and
 * indexes in the same run; how that scales from Kafka; how late an event is in the ledger; and
 * whether every token is in it exactly once after duplicates, crashes and rebalances.
 */
public final class MeteringBench {
  private static final int BATCH = 2_000;
  private static final int BATCHES_WARM = 10;
  private static final int BATCHES = 20;
  private static final int ROUNDS = 3;
  private static final int QUERIES = 300;
  private static final String EVENTS = "cofferdam.bench.events";

  /** Whether only the last part is wanted. */
  private static final String ONCE = "cofferdam.bench.once";

  private static final int EVENTS_DEFAULT = 600_000;

  private final BenchDatabase database;
  private final LedgerIntake intake;
  private final BenchFacts facts = new BenchFacts(1, Clock.systemUTC().millis());
  private long number;

  private MeteringBench(BenchDatabase database) {
    this.database = database;
    this.intake =
        new LedgerIntake(
            "usage",
            new PostgresLedger(database.source()),
            Clock.systemUTC(),
            new BenchConsumer.Silent());
    intake.claim(Set.of(0));
  }

  /**
   * Arguments: JDBC URL, user, password, file of Kafka's client properties, file for the results.
   *
   * @param arguments the arguments
   */
  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 5) {
      throw new IllegalArgumentException(
          "arguments: JDBC URL, user, password, Kafka's client properties, results file");
    }
    try (BenchDatabase database = new BenchDatabase(arguments[0], arguments[1], arguments[2])) {
      BenchResults results = new BenchResults();
      BenchPipeline pipeline =
          new BenchPipeline(database, BenchConsumer.settings(Path.of(arguments[3])));
      if (!Boolean.getBoolean(ONCE)) {
        new MeteringBench(database).run(results);
        pipeline.scale(results);
        pipeline.lag(results);
      }
      new BenchExactlyOnce(
              database,
              pipeline,
              List.of(arguments).subList(0, 4),
              Integer.getInteger(EVENTS, EVENTS_DEFAULT))
          .run(results);
      results.print(System.out);
      results.write(Path.of(arguments[4]));
    }
  }

  private void run(BenchResults results) throws SQLException {
    database.execute("create table plain (like usage_events including defaults including indexes)");
    database.execute("alter table plain add unique (request_id, attempt, sequence)");
    for (int i = 0; i < BATCHES_WARM; i++) {
      intake.store(batch());
      insertPlainly(BATCH);
    }
    double[] ledger = new double[ROUNDS];
    double[] again = new double[ROUNDS];
    double[] plain = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      List<List<Fact>> batches = new ArrayList<>();
      for (int i = 0; i < BATCHES; i++) {
        batches.add(batch());
      }
      plain[round] = perSecond(() -> repeat(() -> insertPlainly(BATCH)));
      ledger[round] = perSecond(() -> batches.forEach(intake::store));
      again[round] = perSecond(() -> batches.forEach(intake::store));
    }
    results.add("ledger_store_events_s", median(ledger), "events/s", median(plain));
    results.add("ledger_redelivered_events_s", median(again), "events/s", median(plain));
    query(results);
    database.execute("drop table plain");
  }

  private void query(BenchResults results) {
    UsageViews views = new PostgresUsageViews(database.source());
    View tenant = new View.Of(new TenantId("tenant-7"));
    UsageViews.EventQuery page =
        new UsageViews.EventQuery(Optional.empty(), UsageViews.Span.ALWAYS, Optional.empty(), 100);
    results.add(
        "page_of_100_events_p50", medianMs(QUERIES, () -> views.events(tenant, page)), "ms", 0);
    results.add(
        "rollups_of_a_tenant_by_day_p50",
        medianMs(
            QUERIES,
            () ->
                views.rollups(
                    tenant,
                    new UsageViews.RollupQuery(UsageViews.Period.DAY, UsageViews.Span.ALWAYS))),
        "ms",
        0);
  }

  /** Work on the database. */
  private interface Work {
    void run() throws SQLException;
  }

  private static double perSecond(Work work) throws SQLException {
    long start = System.nanoTime();
    work.run();
    return BATCHES * (double) BATCH * 1e9 / (System.nanoTime() - start);
  }

  private static void repeat(Work work) throws SQLException {
    for (int i = 0; i < BATCHES; i++) {
      work.run();
    }
  }

  private List<Fact> batch() {
    List<Fact> batch = new ArrayList<>(BATCH);
    for (int i = 0; i < BATCH; i++) {
      batch.add(new Fact(0, number, facts.event(facts.data(number++), BenchFacts.WORKER)));
    }
    return batch;
  }

  private void insertPlainly(int rows) throws SQLException {
    try (Connection connection = database.source().getConnection();
        PreparedStatement insert =
            connection.prepareStatement(
                """
                insert into plain (source, request_id, attempt, sequence, tenant, tier, model,
                  adapter, adapter_version, workload_class, pool, worker_id, worker_type, operation,
                  prompt_tokens, cached_prompt_tokens, output_tokens, queue_wait_ms, prefill_ms,
                  decode_ms, compute_us, kv_block_ms, preemptions, outcome, ended_ms, booked_at)
                values (?, ?::uuid, 1, 0, ?, 'standard', 'support-desk', ?, '1', 'interactive',
                  'shared', 'worker-1', 'cpu', 'generate', ?, ?, ?, 3, 30, 900, ?, ?, 0,
                  'completed', ?, ?)
                """)) {
      connection.setAutoCommit(false);
      for (int i = 0; i < rows; i++) {
        UsageRecorded data = facts.data(number++);
        insert.setString(1, BenchFacts.WORKER);
        insert.setString(2, data.getRequestId());
        insert.setString(3, data.getTenant());
        insert.setString(4, data.getAdapter());
        insert.setLong(5, data.getPromptTokens());
        insert.setLong(6, data.getCachedPromptTokens());
        insert.setLong(7, data.getOutputTokens());
        insert.setLong(8, data.getComputeUs());
        insert.setLong(9, data.getKvBlockMs());
        insert.setLong(10, data.getEndedEpochMs());
        insert.setObject(11, hour(data.getEndedEpochMs()));
        insert.addBatch();
      }
      insert.executeBatch();
      connection.commit();
    }
  }

  private static OffsetDateTime hour(long epochMs) {
    return Instant.ofEpochMilli(epochMs).truncatedTo(ChronoUnit.HOURS).atOffset(ZoneOffset.UTC);
  }
}
