package dev.cofferdam.metering.ledger;

import static dev.cofferdam.mesh.postgres.TestDatabase.execute;
import static dev.cofferdam.mesh.postgres.TestDatabase.rows;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;

/** A ledger of an earlier version moves into months with every row. */
class MigrationTest {
  private final DataSource database = TestDatabase.create();

  private void migrate(String target) {
    Flyway.configure()
        .dataSource(database)
        .defaultSchema("earlier")
        .createSchemas(true)
        .target(target)
        .load()
        .migrate();
  }

  @Test
  void rowsOfAnEarlierVersionAreCarriedOverAndStillCountOnce() {
    execute(
        database,
        """
        do $$ begin
          execute format('alter database %I set search_path = earlier', current_database());
        end $$
        """);
    migrate("3");
    execute(
        database,
        """
          insert into usage_events (source, request_id, attempt, sequence, tenant, tier, model,
            adapter, adapter_version, workload_class, pool, worker_id, worker_type, operation,
            prompt_tokens, cached_prompt_tokens, output_tokens, queue_wait_ms, prefill_ms,
            decode_ms, compute_us, kv_block_ms, preemptions, outcome, ended_ms)
          values ('/cofferdam/worker-w1', '00000000000000000000000000000001', 1, 0,
              'harbor-books', 'standard', 'support-desk', '', '', 'interactive', 'shared', 'w1',
              'cpu', 'generate', 100, 40, 20, 3, 10, 200, 500000, 1500, 0, 'completed',
              1772368200000),
            ('/cofferdam/worker-w1', '00000000000000000000000000000002', 1, 0,
              'harbor-books', 'standard', 'support-desk', '', '', 'interactive', 'shared', 'w1',
              'cpu', 'embed', 100, 40, 0, 3, 10, 200, 500000, 1500, 0, 'completed',
              1769900400000);
          insert into usage_rollups values
            ('hour', '2026-03-01T12:00Z', 'harbor-books', 'support-desk', '', 'interactive', 1,
              100, 40, 20, 500000, 1500),
            ('hour', '2026-01-31T23:00Z', 'harbor-books', 'support-desk', '', 'interactive', 1,
              100, 40, 0, 500000, 1500),
            ('day', '2026-03-01T00:00Z', 'harbor-books', 'support-desk', '', 'interactive', 1,
              100, 40, 20, 500000, 1500),
            ('day', '2026-01-31T00:00Z', 'harbor-books', 'support-desk', '', 'interactive', 1,
              100, 40, 0, 500000, 1500);
          """);
    List<String> before =
        rows(database, "select * from usage_rollups order by period, period_start");
    migrate("latest");
    String sums =
        """
          select period, period_start, tenant, model, adapter, workload_class, requests,
            prompt_tokens, cached_prompt_tokens, output_tokens, compute_us, kv_block_ms
          from usage_rollups where period <> 'month' order by period, period_start
          """;
    assertThat(rows(database, sums)).isEqualTo(before);
    LedgerIntake intake =
        new LedgerIntake(
            "usage",
            new PostgresLedger(database),
            InstantSource.fixed(Facts.NOW),
            new SilentListener());
    intake.claim(Set.of(0));
    intake.store(
        Facts.in(
            0,
            0,
            List.of(
                Facts.bytes(Facts.usage(1, "harbor-books").build()),
                Facts.bytes(Facts.usage(1, "harbor-books").setAttempt(2).build()))));
    assertThat(
            rows(
                database,
                "select row_id, attempt, prompt_tokens, operation from usage_events order by 1"))
        .containsExactly("1 1 100 generate", "2 1 100 embed", "3 2 0 generate");
  }
}
