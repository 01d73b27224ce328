package dev.cofferdam.metering.ledger;

import static dev.cofferdam.mesh.postgres.TestDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.ledger.postgres.PostgresClosings;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What tools that speak SQL can read, on a real PostgreSQL. */
class ReadersTest {
  private static final TenantId HARBOR = new TenantId("harbor-books");

  private static DataSource database;

  @BeforeAll
  static void fill() {
    database = TestDatabase.create();
    LedgerIntake intake =
        new LedgerIntake(
            "usage",
            new PostgresLedger(database),
            InstantSource.fixed(Facts.NOW),
            new SilentListener());
    intake.claim(Set.of(0));
    intake.store(Facts.in(0, 0, Facts.random(5, 200).stream().map(Facts::bytes).toList()));
    UsageRecorded preempted =
        Facts.usage(900, "harbor-books").setPreemptions(1).putPreemptedBy("globex", 1).build();
    intake.store(Facts.in(0, 200, List.of(Facts.bytes(preempted), Facts.bytes(preempted))));
    new PostgresClosings(database).close(Instant.parse("2026-02-28T00:00:00Z"));
    execute(database, "select admit_usage_reader('bi_harbor', 'harbor-books')");
    execute(database, "select admit_usage_reader('bi_nobody', 'nobody')");
    execute(
        database,
        "grant bi_harbor, bi_nobody, cofferdam_bi_operator to current_user with inherit false");
  }

  private static List<String> as(String role, String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("set role " + role);
      // What opens the service's own user everything must open a reader nothing.
      statement.execute("set cofferdam.view = 'everybody'");
      List<String> values = new ArrayList<>();
      try (ResultSet rows = statement.executeQuery(sql)) {
        while (rows.next()) {
          values.add(rows.getString(1));
        }
      }
      return values;
    }
  }

  @Test
  void aTenantsReaderSeesItsOwnSumsAndEventsAndNoOthers() throws SQLException {
    for (String view : List.of("bi_usage", "bi_usage_events", "usage_rollups", "usage_events")) {
      assertThat(as("bi_harbor", "select distinct tenant from " + view))
          .as(view)
          .containsExactly("harbor-books");
      assertThat(as("bi_nobody", "select tenant from " + view)).as(view).isEmpty();
    }
    assertThat(as("bi_harbor", "select distinct period from bi_usage order by 1"))
        .containsExactly("day", "hour", "month");
  }

  @Test
  void anOperatorsReaderSeesEverybodysSumsAndNoEvent() throws SQLException {
    assertThat(as("cofferdam_bi_operator", "select distinct tenant from bi_usage")).hasSize(3);
    for (String view : List.of("bi_usage_events", "usage_events", "usage_event_ids")) {
      assertThatThrownBy(() -> as("cofferdam_bi_operator", "select * from " + view))
          .as(view)
          .hasMessageContaining("permission denied");
    }
  }

  @Test
  void forWhomAnAttemptGaveWayIsForOperatorsOfTheServiceOnly() throws SQLException {
    for (String role : List.of("bi_harbor", "cofferdam_bi_operator")) {
      assertThatThrownBy(() -> as(role, "select * from usage_preemptions"))
          .hasMessageContaining("permission denied");
      assertThat(
              as(
                  role,
                  "select column_name from information_schema.columns where column_name ~ 'preempted'"))
          .as(role)
          .isEmpty();
    }
    String ask = "select count(*) from usage_preemptions where preempted_by = 'globex'";
    long tenants = Transaction.attempt(database, new View.Of(HARBOR), c -> number(c, ask));
    long operators = Transaction.attempt(database, new View.Everybody(), c -> number(c, ask));
    long nobodys = Transaction.attempt(database, c -> number(c, ask));
    assertThat(List.of(tenants, operators, nobodys)).containsExactly(0L, 1L, 0L);
  }

  private static long number(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }

  @Test
  void aReaderWritesNothingAndRunsNoHousekeeping() {
    for (String sql :
        List.of(
            "insert into usage_readers values ('bi_nobody', 'harbor-books') returning tenant",
            "update usage_readers set tenant = 'pixel-pirates' returning tenant",
            "update usage_rollup_hours set output_tokens = 0 returning tenant",
            "select admit_usage_reader('bi_nobody', 'harbor-books')",
            "select close_usage_hours('2026-03-01T00:00:00Z')",
            "select * from usage_events_2026_02",
            "select * from usage_preemptions",
            "select * from consumer_offsets")) {
      assertThatThrownBy(() -> as("bi_harbor", sql)).as(sql).hasMessageContaining("denied");
    }
  }

  @Test
  void aReaderCannotLogInUntilItIsLet() throws SQLException {
    assertThat(
            TestDatabase.rows(
                database,
                "select rolname from pg_roles where rolcanlogin and rolname ~ 'bi_' order by 1"))
        .isEmpty();
    assertThat(as("bi_harbor", "select role_name from usage_readers"))
        .as("nor does it learn of others")
        .containsExactly("bi_harbor");
  }
}
