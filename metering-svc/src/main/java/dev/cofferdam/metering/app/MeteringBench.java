package dev.cofferdam.metering.app;

import dev.cofferdam.mesh.bench.BenchDatabase;
import dev.cofferdam.mesh.bench.BenchResults;
import dev.cofferdam.mesh.kafka.FactConsumer.Fact;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.ledger.UsageViews;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import dev.cofferdam.metering.ledger.postgres.PostgresUsageViews;
import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.metering.usage.kafka.UsageFacts;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Events;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * How many events per second the ledger takes, from the record's bytes to the commit with rollups
 * and offsets, beside bare batched INSERTs of as many rows into a table with the same columns and
 * indexes in the same run.
 */
public final class MeteringBench {
  private static final int BATCH = 2_000;
  private static final int BATCHES_WARM = 10;
  private static final int BATCHES = 20;
  private static final int ROUNDS = 3;
  private static final int QUERIES = 300;

  private final BenchDatabase database;
  private final LedgerIntake intake;
  private final SplittableRandom random = new SplittableRandom(1);
  private final long startMs = Clock.systemUTC().millis();
  private long offset;

  private MeteringBench(BenchDatabase database) {
    this.database = database;
    this.intake =
        new LedgerIntake(
            "usage", new PostgresLedger(database.source()), Clock.systemUTC(), new Silent());
    intake.claim(Set.of(0));
  }

  /**
   * Arguments: JDBC URL, user, password, file for the results.
   *
   * @param arguments the arguments
   */
  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 4) {
      throw new IllegalArgumentException("arguments: JDBC URL, user, password, results file");
    }
    try (BenchDatabase database = new BenchDatabase(arguments[0], arguments[1], arguments[2])) {
      BenchResults results = new MeteringBench(database).run();
      results.print(System.out);
      results.write(Path.of(arguments[3]));
    }
  }

  private BenchResults run() throws SQLException {
    database.execute("create table plain (like usage_events including all)");
    for (int i = 0; i < BATCHES_WARM; i++) {
      intake.store(facts());
      insertPlainly(BATCH);
    }
    double[] ledger = new double[ROUNDS];
    double[] again = new double[ROUNDS];
    double[] plain = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      List<List<Fact>> batches = new ArrayList<>();
      for (int i = 0; i < BATCHES; i++) {
        batches.add(facts());
      }
      plain[round] = perSecond(() -> repeat(() -> insertPlainly(BATCH)));
      ledger[round] = perSecond(() -> batches.forEach(intake::store));
      again[round] = perSecond(() -> batches.forEach(intake::store));
    }
    BenchResults results = new BenchResults();
    results.add("ledger_events_per_second", median(ledger), "events/s", median(plain));
    results.add("ledger_redelivered_per_second", median(again), "events/s", median(plain));
    query(results);
    return results;
  }

  private void query(BenchResults results) {
    UsageViews views = new PostgresUsageViews(database.source());
    View tenant = new View.Of(new TenantId("tenant-7"));
    UsageViews.EventQuery page =
        new UsageViews.EventQuery(Optional.empty(), UsageViews.Span.ALWAYS, Optional.empty(), 100);
    results.add("page_of_100_events_p50", medianMs(() -> views.events(tenant, page)), "ms", 0);
    results.add(
        "rollups_of_a_tenant_by_day_p50",
        medianMs(() -> views.rollups(tenant, UsageViews.Period.DAY, UsageViews.Span.ALWAYS)),
        "ms",
        0);
  }

  private static double medianMs(Runnable query) {
    double[] times = new double[QUERIES];
    for (int i = 0; i < QUERIES; i++) {
      long start = System.nanoTime();
      query.run();
      times[i] = (System.nanoTime() - start) / 1e6;
    }
    return median(times);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
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

  private List<Fact> facts() {
    List<Fact> facts = new ArrayList<>(BATCH);
    for (int i = 0; i < BATCH; i++) {
      UsageRecorded data = usage();
      byte[] event =
          Events.encode(
              UsageEvent.id(new RequestId(data.getRequestId()), 1, 0),
              "/cofferdam/worker-bench",
              UsageFacts.TYPE,
              Instant.ofEpochMilli(startMs),
              Map.of(),
              data);
      facts.add(new Fact(0, offset++, event));
    }
    return facts;
  }

  private UsageRecorded usage() {
    return UsageRecorded.newBuilder()
        .setRequestId(requestId())
        .setAttempt(1)
        .setTenant("tenant-" + random.nextInt(50))
        .setTier("standard")
        .setModel("support-desk")
        .setAdapter("adapter-" + random.nextInt(4))
        .setAdapterVersion("1")
        .setWorkloadClass("interactive")
        .setPromptTokens(400)
        .setCachedPromptTokens(256)
        .setOutputTokens(random.nextInt(1_000))
        .setQueueWaitMs(3)
        .setPrefillMs(30)
        .setDecodeMs(900)
        .setComputeUs(random.nextInt(1_000_000))
        .setKvBlockMs(random.nextInt(100_000))
        .setWorkerId("worker-1")
        .setWorkerType("cpu")
        .setPool("shared")
        .setOutcome(Outcome.OUTCOME_COMPLETED)
        .setEndedEpochMs(startMs - random.nextInt(3_600_000))
        .build();
  }

  private String requestId() {
    return String.format("%016x%016x", random.nextLong(), random.nextLong());
  }

  private void insertPlainly(int rows) throws SQLException {
    try (Connection connection = database.source().getConnection();
        PreparedStatement insert =
            connection.prepareStatement(
                """
                insert into plain (source, request_id, attempt, sequence, tenant, tier, model,
                  adapter, adapter_version, workload_class, pool, worker_id, worker_type,
                  prompt_tokens, cached_prompt_tokens, output_tokens, queue_wait_ms, prefill_ms,
                  decode_ms, compute_us, kv_block_ms, preemptions, outcome, ended_ms, recorded_at)
                values (?, ?, 1, 0, ?, 'standard', 'support-desk', ?, '1', 'interactive', 'shared',
                  'worker-1', 'cpu', 400, 256, ?, 3, 30, 900, ?, ?, 0, 'completed', ?, ?)
                """)) {
      connection.setAutoCommit(false);
      for (int i = 0; i < rows; i++) {
        insert.setString(1, "/cofferdam/worker-bench");
        insert.setString(2, requestId());
        insert.setString(3, "tenant-" + random.nextInt(50));
        insert.setString(4, "adapter-" + random.nextInt(4));
        insert.setLong(5, random.nextInt(1_000));
        insert.setLong(6, random.nextInt(1_000_000));
        insert.setLong(7, random.nextInt(100_000));
        insert.setLong(8, startMs - random.nextInt(3_600_000));
        insert.setTimestamp(9, new Timestamp(startMs));
        insert.addBatch();
      }
      insert.executeBatch();
      connection.commit();
    }
  }

  private static final class Silent implements LedgerIntake.Listener {
    @Override
    public void added(UsageEvent event) {}

    @Override
    public void skipped(int facts) {}

    @Override
    public void rejected(RejectedFact fact) {
      throw new IllegalStateException("a fact of the benchmark was rejected: " + fact.reason());
    }
  }
}
