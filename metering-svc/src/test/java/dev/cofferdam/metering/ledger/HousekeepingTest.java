package dev.cofferdam.metering.ledger;

import static dev.cofferdam.mesh.postgres.TestDatabase.number;
import static dev.cofferdam.mesh.postgres.TestDatabase.rows;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.ledger.postgres.PostgresClosings;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import dev.cofferdam.metering.ledger.postgres.UsageMonths;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** What is done as time passes, on a real PostgreSQL. */
class HousekeepingTest {
  private static final Instant MAY = Instant.parse("2026-05-10T08:20:00Z");

  private final DataSource database = TestDatabase.create();
  private final Closings closings = new PostgresClosings(database);

  private Housekeeping keeping(int retentionMonths) {
    return new Housekeeping(
        closings,
        new UsageMonths(database),
        new Housekeeping.Rules(Duration.ofMinutes(15), retentionMonths));
  }

  private void store(LedgerIntake intake, long offset, long request, Instant ended) {
    intake.store(
        Facts.in(
            0,
            offset,
            List.of(
                Facts.bytes(
                    Facts.usage(request, "harbor-books")
                        .setEndedEpochMs(ended.toEpochMilli())
                        .build()))));
  }

  private LedgerIntake intake() {
    LedgerIntake intake =
        new LedgerIntake(
            "usage", new PostgresLedger(database), InstantSource.fixed(MAY), new SilentListener());
    intake.claim(Set.of(0));
    return intake;
  }

  @Test
  void monthsAreMadeAheadAndHoursAreClosedSomeMinutesAfterTheirEnd() {
    assertThat(keeping(0).step(MAY, false)).isTrue();
    assertThat(
            rows(
                database,
                "select relname from pg_inherits join pg_class on oid = inhrelid"
                    + " where inhparent = 'usage_events'::regclass order by 1"))
        .containsExactly("usage_events_2026_05", "usage_events_2026_06", "usage_events_2026_07");
    assertThat(closings.closedBefore()).isEqualTo("2026-05-10T08:00:00Z");
    assertThat(keeping(0).step(MAY.plusSeconds(3_000), false)).as("9:10").isFalse();
    assertThat(keeping(0).step(MAY.plusSeconds(3_300), false)).as("9:15").isTrue();
  }

  @Test
  void hoursStayOpenADayForFactsThatAreKnownToWait() {
    keeping(0).step(MAY, true);
    assertThat(closings.closedBefore()).isEqualTo("2026-05-09T08:00:00Z");
  }

  @Test
  void monthsBeyondTheRetentionAreTakenOutWithTheirSumsByDayAndMonthLeft() {
    LedgerIntake intake = intake();
    store(intake, 0, 1, Instant.parse("2026-02-20T10:00:00Z"));
    store(intake, 1, 2, Instant.parse("2026-04-20T10:00:00Z"));
    Housekeeping keeping = keeping(2);
    keeping.step(MAY, false);
    assertThat(number(database, "select count(*) from usage_events")).isEqualTo(1);
    assertThat(number(database, "select count(*) from usage_events_2026_02")).isEqualTo(1);
    assertThat(
            rows(database, "select period, sum(requests) from usage_rollups group by 1 order by 1"))
        .containsExactly("day 2", "hour 1", "month 2");
    store(intake, 2, 3, Instant.parse("2026-02-20T10:00:00Z"));
    store(intake(), 3, 1, Instant.parse("2026-02-20T10:00:00Z"));
    assertThat(number(database, "select count(*) from rejected_events"))
        .as("nobody could tell whether they were counted before")
        .isEqualTo(2);
    assertThat(number(database, "select count(*) from usage_events_2026_02")).isEqualTo(1);
    keeping.step(MAY, false);
    assertThat(number(database, "select count(*) from ledger_retention")).isEqualTo(1);
  }
}
