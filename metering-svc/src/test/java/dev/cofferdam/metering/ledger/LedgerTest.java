package dev.cofferdam.metering.ledger;

import static dev.cofferdam.mesh.postgres.TestDatabase.execute;
import static dev.cofferdam.mesh.postgres.TestDatabase.number;
import static dev.cofferdam.mesh.postgres.TestDatabase.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.mesh.kafka.FactConsumer.Fact;
import dev.cofferdam.mesh.postgres.DyingConnections;
import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.mesh.store.StaleClaimException;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The ledger and its intake on a real PostgreSQL. */
class LedgerTest {
  private static final String TOPIC = "usage";

  /** Every sum of the rollups that differs from that of the events, in either direction. */
  private static final String DIFFERENCES =
      """
      with truth as (
        select p.period, date_trunc(p.period, to_timestamp(ended_ms / 1000.0), 'UTC') as period_start,
          tenant, model, adapter, workload_class,
          count(*) filter (where attempt = 1 and sequence = 0) as requests,
          sum(prompt_tokens)::bigint as prompt_tokens,
          sum(cached_prompt_tokens)::bigint as cached_prompt_tokens,
          sum(output_tokens)::bigint as output_tokens, sum(compute_us)::bigint as compute_us,
          sum(kv_block_ms)::bigint as kv_block_ms
        from usage_events cross join (values ('hour'), ('day'), ('month')) as p(period)
        group by 1, 2, 3, 4, 5, 6
      ), kept as (
        select period, period_start, tenant, model, adapter, workload_class, requests,
          prompt_tokens, cached_prompt_tokens, output_tokens, compute_us, kv_block_ms
        from usage_rollups
      )
      (select * from truth except select * from kept)
      union all (select * from kept except select * from truth)
      """;

  private final DataSource database = TestDatabase.create();
  private final Told told = new Told();
  private LedgerIntake intake;

  @BeforeEach
  void open() {
    intake = intake(database);
    intake.claim(Set.of(0, 1, 2, 3));
  }

  private LedgerIntake intake(DataSource source) {
    return new LedgerIntake(
        TOPIC, new PostgresLedger(source), InstantSource.fixed(Facts.NOW), told);
  }

  private static List<Fact> facts(List<UsageRecorded> data) {
    return Facts.in(0, 0, data.stream().map(Facts::bytes).toList());
  }

  @Test
  void aFactStandsInTheLedgerWithEveryField() {
    intake.store(facts(List.of(Facts.usage(1, "harbor-books").setPreemptions(2).build())));
    assertThat(
            rows(
                database,
                """
                select source, replace(request_id::text, '-', ''), attempt, sequence, tenant, tier, model, adapter,
                  adapter_version, workload_class, pool, worker_id, worker_type, prompt_tokens,
                  cached_prompt_tokens, output_tokens, queue_wait_ms, prefill_ms, decode_ms,
                  compute_us, kv_block_ms, preemptions, outcome, ended_ms
                from usage_events
                """))
        .containsExactly(
            "/cofferdam/worker-w1 00000000000000000000000000000001 1 0 harbor-books standard"
                + " support-desk harbor-books 1 interactive shared w1 cpu 100 40 20 3 10 200 500000"
                + " 1500 2 completed "
                + Facts.NOW.toEpochMilli());
    assertThat(told.added).hasSize(1);
  }

  @Test
  void whatWasDoneStandsInTheLedgerAndWhatNobodyDoesIsRejected() {
    intake.store(
        facts(
            List.of(
                Facts.usage(1, "harbor-books").build(),
                Facts.usage(2, "harbor-books").setOperation("embed").build(),
                Facts.usage(3, "harbor-books").setOperation("paint").build(),
                Facts.usage(4, "harbor-books")
                    .setOperation("shadow")
                    .setPromptTokens(0)
                    .setCachedPromptTokens(0)
                    .setOutputTokens(0)
                    .build())));
    assertThat(rows(database, "select operation from usage_events order by request_id"))
        .containsExactly("generate", "embed", "shadow");
    assertThat(told.rejected).hasSize(1);
    assertThat(number(database, "select sum(requests) from usage_rollups where period='day'"))
        .as("nobody asked for the shadow")
        .isEqualTo(2);
  }

  @Test
  void sumsEqualTheEventsWhateverTheirOrderAndHoweverOftenTheyCome() {
    long seed = 20260301;
    List<Fact> all = new ArrayList<>(facts(Facts.random(seed, 3_000)));
    all.addAll(all.subList(0, 1_500));
    Collections.shuffle(all, new Random(seed));
    for (int at = 0; at < all.size(); at += 250) {
      intake.store(all.subList(at, at + 250));
    }
    assertThat(number(database, "select count(*) from usage_events")).isEqualTo(3_000);
    assertThat(rows(database, DIFFERENCES)).isEmpty();
    assertThat(number(database, "select count(*) from usage_rollups")).isPositive();
    assertThat(told.added).hasSize(3_000);
    assertThat(told.skipped).isEqualTo(1_500);
  }

  @Test
  void aLateFactCountsInTheHourAndDayInWhichItEnded() {
    Instant late = Facts.NOW.minusSeconds(70 * 3_600);
    intake.store(
        facts(
            List.of(
                Facts.usage(1, "harbor-books").build(),
                Facts.usage(2, "harbor-books").setEndedEpochMs(late.toEpochMilli()).build())));
    assertThat(
            rows(
                database,
                """
                select period, to_char(period_start at time zone 'UTC', 'YYYY-MM-DD HH24'), requests
                from usage_rollups order by 1, 2
                """))
        .containsExactly(
            "day 2026-02-26 00 1",
            "day 2026-03-01 00 1",
            "hour 2026-02-26 14 1",
            "hour 2026-03-01 12 1",
            "month 2026-02-01 00 1",
            "month 2026-03-01 00 1");
  }

  @Test
  void anAttemptThatTwoSourcesReportIsCountedOnce() {
    UsageRecorded data = Facts.usage(1, "harbor-books").build();
    intake.store(
        Facts.in(
            0,
            0,
            List.of(
                Facts.bytes(data, 0, "/cofferdam/worker-w1", Map.of()),
                Facts.bytes(data, 0, "/cofferdam/scheduler", Map.of()))));
    assertThat(number(database, "select count(*) from usage_events")).isEqualTo(1);
    assertThat(number(database, "select sum(output_tokens) from usage_rollups where period='day'"))
        .isEqualTo(20);
  }

  @Test
  void furtherAttemptsAddTheirTokensButNoRequest() {
    intake.store(
        facts(
            List.of(
                Facts.usage(1, "harbor-books").build(),
                Facts.usage(1, "harbor-books")
                    .setAttempt(2)
                    .setPromptTokens(0)
                    .setCachedPromptTokens(0)
                    .build())));
    assertThat(
            rows(
                database,
                "select requests, prompt_tokens, output_tokens from usage_rollups"
                    + " where period = 'hour'"))
        .containsExactly("1 100 40");
  }

  @Test
  void inputThatSeveralAttemptsReadIsBilledOnceInWhateverBatchTheyCome() {
    UsageRecorded first = Facts.usage(1, "harbor-books").setOutputTokens(0).build();
    UsageRecorded second = first.toBuilder().setAttempt(2).setOutputTokens(20).build();
    UsageRecorded never =
        Facts.usage(2, "harbor-books")
            .setPromptTokens(0)
            .setCachedPromptTokens(0)
            .setOutputTokens(0)
            .build();
    UsageRecorded served = Facts.usage(2, "harbor-books").setAttempt(2).build();
    intake.store(facts(List.of(first, never, second, first, served)));
    intake.store(facts(List.of(served.toBuilder().setAttempt(3).build(), second)));
    assertThat(
            rows(
                database,
                "select request_id, attempt, prompt_tokens, cached_prompt_tokens, output_tokens"
                    + " from usage_events order by 1, 2"))
        .extracting(row -> row.substring(35))
        .containsExactly("1 1 100 40 0", "1 2 0 0 20", "2 1 0 0 0", "2 2 100 40 20", "2 3 0 0 20");
    assertThat(rows(database, DIFFERENCES)).isEmpty();
    assertThat(
            rows(database, "select requests, prompt_tokens from usage_rollups where period='day'"))
        .containsExactly("2 200");
  }

  @Test
  void poisonIsNotedByItsPlaceAndHoldsNobodyUp() {
    byte[] good = Facts.bytes(Facts.usage(1, "harbor-books").build());
    byte[] negative = Facts.bytes(Facts.usage(2, "harbor-books").setOutputTokens(-5).build());
    byte[] nobody = Facts.bytes(Facts.usage(3, "Not A Tenant").build());
    byte[] zero = Facts.bytes(Facts.usage(4, "harbor-books").setModel("a\u0000b").build());
    byte[] future =
        Facts.bytes(Facts.usage(5, "harbor-books").setEndedEpochMs(Long.MAX_VALUE).build());
    byte[] id = Facts.bytes(Facts.usage(6, "harbor-books").setAttempt(0).build());
    byte[] noise = {(byte) 0xff, 1, 2, 3, 'c', 'a', 'n', 'a', 'r', 'y'};
    List<Fact> batch =
        new ArrayList<>(Facts.in(0, 10, List.of(noise, good, negative, nobody, zero, future, id)));
    batch.add(new Fact(0, 17, null));
    batch.add(new Fact(0, 18, new byte[0]));
    intake.store(batch);
    assertThat(number(database, "select count(*) from usage_events")).isEqualTo(1);
    assertThat(rows(database, "select \"offset\" from rejected_events order by 1"))
        .containsExactly("10", "12", "13", "14", "15", "16", "17", "18");
    assertThat(rows(database, "select reason from rejected_events").toString())
        .doesNotContain("canary", "Not A Tenant", "-5");
    assertThat(number(database, "select next_offset from consumer_offsets where partition = 0"))
        .isEqualTo(19);
    assertThat(told.rejected).hasSize(8);
  }

  @Test
  void aRowThatTheStoreRefusesIsRejectedAlone() {
    execute(database, "alter table usage_events add constraint odd check (output_tokens <> 13)");
    intake.store(
        facts(
            List.of(
                Facts.usage(1, "harbor-books").build(),
                Facts.usage(2, "harbor-books").setOutputTokens(13).build(),
                Facts.usage(3, "harbor-books").build())));
    assertThat(number(database, "select count(*) from usage_events")).isEqualTo(2);
    assertThat(rows(database, "select \"offset\" from rejected_events")).containsExactly("1");
    assertThat(rows(database, DIFFERENCES)).isEmpty();
  }

  @Test
  void aConnectionThatDiesBeforeTheCommitLeavesNothingAndTheNextTryCountsOnce() {
    DyingConnections dying = new DyingConnections(database);
    LedgerIntake other = intake(dying.source());
    other.claim(Set.of(0));
    List<Fact> batch = facts(Facts.random(7, 100));
    dying.killBeforeNextCommit();
    assertThatThrownBy(() -> other.store(batch)).isInstanceOf(StoreUnavailableException.class);
    assertThat(number(database, "select count(*) from usage_events")).isZero();
    assertThat(number(database, "select count(*) from usage_rollups")).isZero();
    assertThat(other.claim(Set.of(0))).isEmpty();
    other.store(batch);
    other.store(batch);
    assertThat(number(database, "select count(*) from usage_events")).isEqualTo(100);
    assertThat(rows(database, DIFFERENCES)).isEmpty();
    assertThat(other.claim(Set.of(0))).containsEntry(0, 100L);
  }

  @Test
  void aMemberThatLostItsPartitionStoresNothingMore() {
    LedgerIntake successor = intake(database);
    assertThat(successor.claim(Set.of(0))).isEmpty();
    List<Fact> batch = facts(Facts.random(3, 50));
    assertThatThrownBy(() -> intake.store(batch)).isInstanceOf(StaleClaimException.class);
    assertThat(number(database, "select count(*) from usage_events")).isZero();
    successor.store(batch);
    assertThat(number(database, "select count(*) from usage_events")).isEqualTo(50);
    intake.store(Facts.in(1, 0, List.of(Facts.bytes(Facts.usage(1, "harbor-books").build()))));
    assertThat(number(database, "select count(*) from usage_events")).isEqualTo(51);
  }

  @Test
  void theLedgerCannotBeEdited() {
    intake.store(facts(List.of(Facts.usage(1, "harbor-books").build())));
    for (String edit :
        List.of(
            "update usage_events set output_tokens = 0",
            "delete from usage_events",
            "truncate usage_events")) {
      assertThatThrownBy(() -> execute(database, edit)).hasMessageContaining("append-only");
    }
  }

  private static final class Told implements LedgerIntake.Listener {
    final List<UsageEvent> added = new ArrayList<>();
    final List<RejectedFact> rejected = new ArrayList<>();
    int skipped;

    @Override
    public void added(Booked booked, Instant said) {
      added.add(booked.event());
    }

    @Override
    public void skipped(int facts) {
      skipped += facts;
    }

    @Override
    public void rejected(RejectedFact fact) {
      rejected.add(fact);
    }
  }
}
