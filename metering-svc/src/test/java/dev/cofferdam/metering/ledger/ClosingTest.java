package dev.cofferdam.metering.ledger;

import static dev.cofferdam.mesh.postgres.TestDatabase.execute;
import static dev.cofferdam.mesh.postgres.TestDatabase.number;
import static dev.cofferdam.mesh.postgres.TestDatabase.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.ledger.UsageViews.EventQuery;
import dev.cofferdam.metering.ledger.UsageViews.Group;
import dev.cofferdam.metering.ledger.UsageViews.Period;
import dev.cofferdam.metering.ledger.UsageViews.RollupQuery;
import dev.cofferdam.metering.ledger.UsageViews.Span;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.ledger.postgres.PostgresClosings;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import dev.cofferdam.metering.ledger.postgres.PostgresUsageViews;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Closed hours, and what comes late, on a real PostgreSQL. */
class ClosingTest {
  private static final Instant HOUR = Instant.parse("2026-03-01T10:00:00Z");
  private static final Instant NEXT_HOUR = Instant.parse("2026-03-01T11:00:00Z");
  private static final View ALL = new View.Everybody();

  private final DataSource database = TestDatabase.create();
  private final Closings closings = new PostgresClosings(database);
  private final UsageViews views = new PostgresUsageViews(database);
  private long offset;
  private LedgerIntake intake;

  @BeforeEach
  void open() {
    intake =
        new LedgerIntake(
            "usage",
            new PostgresLedger(database),
            InstantSource.fixed(Facts.NOW),
            new SilentListener());
    intake.claim(Set.of(0));
  }

  private void store(UsageRecorded... data) {
    store(List.of(data));
  }

  private void store(List<UsageRecorded> data) {
    intake.store(Facts.in(0, offset, data.stream().map(Facts::bytes).toList()));
    offset += data.size();
  }

  private static UsageRecorded at(long request, Instant ended) {
    return Facts.usage(request, "harbor-books").setEndedEpochMs(ended.toEpochMilli()).build();
  }

  private List<Rollup> rollups(Period period) {
    return views.rollups(ALL, new RollupQuery(period, Span.ALWAYS));
  }

  @Test
  void whatComesLateIsACorrectionInTheFirstOpenHourAndTheClosedSumStays() {
    store(at(1, HOUR.plusSeconds(5)));
    assertThat(closings.close(NEXT_HOUR)).isTrue();
    List<Rollup> before = rollups(Period.HOUR);
    store(at(2, HOUR.plusSeconds(6)), at(3, HOUR.plusSeconds(7)), at(4, NEXT_HOUR));
    List<Rollup> after = rollups(Period.HOUR);
    assertThat(after).hasSize(3).containsAll(before);
    assertThat(after.get(0).isCorrection()).isFalse();
    assertThat(after.get(1).isCorrection()).isTrue();
    assertThat(after.get(1).start()).isEqualTo(HOUR);
    assertThat(after.get(1).booked()).isEqualTo(NEXT_HOUR);
    assertThat(after.get(1).outputTokens()).isEqualTo(40);
    assertThat(after.get(2).start()).isEqualTo(NEXT_HOUR);
    assertThat(after.get(2).isCorrection()).isFalse();
    assertThat(rollups(Period.DAY))
        .as("the day is open: nothing to correct")
        .singleElement()
        .matches(day -> day.outputTokens() == 80 && !day.isCorrection());
  }

  @Test
  void aDayAndAMonthHaveCorrectionsOnceTheyAreClosed() {
    Instant february = Instant.parse("2026-02-28T23:30:00Z");
    store(at(1, february));
    closings.close(Instant.parse("2026-03-01T00:00:00Z"));
    store(at(2, february), at(3, HOUR));
    closings.close(NEXT_HOUR);
    store(at(4, february));
    for (Period period : List.of(Period.DAY, Period.MONTH)) {
      List<Rollup> sums = rollups(period);
      assertThat(sums).extracting(Rollup::isCorrection).containsExactly(false, true, false);
      assertThat(sums).extracting(Rollup::outputTokens).containsExactly(20L, 40L, 20L);
    }
  }

  @Test
  void theBooksOfAMonthLeadToTheirEvents() {
    Instant february = Instant.parse("2026-02-28T23:30:00Z");
    Instant march = Instant.parse("2026-03-01T00:00:00Z");
    store(at(1, february));
    closings.close(march);
    store(at(2, february), at(3, HOUR));
    Span booked = new Span(Optional.of(march), Optional.empty());
    assertThat(views.rollups(ALL, new RollupQuery(Period.MONTH, Span.ALWAYS, booked)))
        .extracting(Rollup::outputTokens)
        .containsExactly(20L, 20L);
    EventQuery corrected =
        new EventQuery(
            Optional.empty(),
            Optional.of(new Group("support-desk", "harbor-books", "interactive")),
            new Span(Optional.empty(), Optional.of(march)),
            booked,
            Optional.empty(),
            10);
    assertThat(views.events(ALL, corrected).events())
        .extracting(event -> event.request())
        .containsExactly(Facts.request(2));
  }

  @Test
  void hoursAreClosedOnceAndInOrderAndOnlyWhole() {
    assertThat(closings.close(NEXT_HOUR)).isTrue();
    assertThat(closings.close(NEXT_HOUR)).isFalse();
    assertThat(closings.close(HOUR)).isFalse();
    assertThat(closings.close(NEXT_HOUR.plusSeconds(3_700))).isFalse();
    assertThat(closings.closedBefore()).isEqualTo(NEXT_HOUR);
  }

  @Test
  void aClosedHourCannotBeEdited() {
    store(at(1, HOUR));
    closings.close(NEXT_HOUR);
    execute(
        database,
        "set cofferdam.view = 'everybody'; update usage_rollup_hours set output_tokens = 0");
    assertThat(rollups(Period.HOUR)).extracting(Rollup::outputTokens).containsExactly(20L);
    String row =
        "requests, prompt_tokens, cached_prompt_tokens, output_tokens, compute_us,"
            + " kv_block_ms, tenant, model, adapter, workload_class";
    assertThatThrownBy(
            () ->
                execute(
                    database,
                    "set cofferdam.view = 'everybody'; insert into usage_rollup_hours"
                        + " (period_start, booked_at, "
                        + row
                        + ") select period_start - interval"
                        + " '1 hour', booked_at, "
                        + row
                        + " from usage_rollup_hours"))
        .hasMessageContaining("row-level security");
    assertThatThrownBy(() -> execute(database, "delete from usage_rollup_hours"))
        .hasMessageContaining("append-only");
    assertThatThrownBy(() -> execute(database, "delete from ledger_closings"))
        .hasMessageContaining("append-only");
  }

  /** Seeded: any order of facts and closings leaves each token in exactly one book. */
  @Test
  void everyTokenStandsInExactlyOneBookWhateverComesWhen() {
    for (long seed = 1; seed <= 5; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<UsageRecorded> facts = new ArrayList<>(Facts.random(100 + seed, 400));
      while (!facts.isEmpty()) {
        int size = Math.min(facts.size(), 1 + random.nextInt(60));
        store(facts.subList(0, size));
        facts.subList(0, size).clear();
        closings.close(
            Facts.NOW
                .minus(Duration.ofHours(random.nextInt(80)))
                .truncatedTo(java.time.temporal.ChronoUnit.HOURS));
      }
      for (String period : List.of("hour", "day", "month")) {
        assertThat(
                rows(
                    database,
                    "select sum(requests), sum(prompt_tokens), sum(output_tokens), sum(compute_us)"
                        + " from usage_rollups where period = '"
                        + period
                        + "'"))
            .as("seed %d, %s", seed, period)
            .isEqualTo(
                rows(
                    database,
                    "select count(*) filter (where attempt = 1 and sequence = 0),"
                        + " sum(prompt_tokens), sum(output_tokens), sum(compute_us)"
                        + " from usage_events"));
      }
      assertThat(
              number(database, "select count(*) from usage_rollups where booked_at > period_start"))
          .isPositive();
    }
  }

  @Test
  void closingsBesideAppendsLeaveNoTokenOut() throws InterruptedException {
    AtomicBoolean done = new AtomicBoolean();
    CountDownLatch started = new CountDownLatch(1);
    Thread closer =
        Thread.ofPlatform()
            .start(
                () -> {
                  Instant hour = Facts.NOW.minus(Duration.ofHours(80));
                  Instant start = hour.truncatedTo(java.time.temporal.ChronoUnit.HOURS);
                  for (int i = 0; i < 80 && !done.get(); i++) {
                    closings.close(start.plus(Duration.ofHours(i)));
                    started.countDown();
                  }
                });
    started.await();
    List<UsageRecorded> facts = Facts.random(77, 2_000);
    for (int at = 0; at < facts.size(); at += 100) {
      store(facts.subList(at, at + 100));
    }
    done.set(true);
    closer.join();
    String events = "select sum(prompt_tokens), sum(output_tokens) from usage_events";
    for (String period : List.of("hour", "day", "month")) {
      assertThat(
              rows(
                  database,
                  "select sum(prompt_tokens), sum(output_tokens) from usage_rollups where period = '"
                      + period
                      + "'"))
          .isEqualTo(rows(database, events));
    }
  }
}
