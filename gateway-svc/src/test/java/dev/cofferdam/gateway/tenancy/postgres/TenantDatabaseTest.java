package dev.cofferdam.gateway.tenancy.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import io.agroal.api.AgroalDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TenantDatabaseTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final TenantId GLOBEX = new TenantId("globex");

  private final ServingDatabase server = ServingDatabase.emptied();

  @BeforeEach
  void aTableAsMigrationsMakeThem() {
    ServingDatabase.execute(
        server.owner(),
        """
        create table notes (tenant text not null, note text not null);
        alter table notes enable row level security;
        alter table notes force row level security;
        create policy own on notes using (tenant = own_tenant());
        grant select, insert, update, delete on notes to serving;
        """);
  }

  @AfterEach
  void noTableOfTests() {
    ServingDatabase.execute(server.owner(), "drop table notes");
  }

  private static void note(TenantDatabase database, TenantId tenant, String note) {
    database.inTenant(
        tenant,
        connection -> {
          try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(
                "insert into notes values ('" + tenant + "', '" + note + "')");
          }
        });
  }

  private static String count(Connection connection) throws SQLException {
    return ServingDatabase.single(connection, "select count(*) from notes");
  }

  @Test
  void aTenantSeesItsOwnRowsOnly() {
    TenantDatabase database = server.open();
    note(database, ACME, "one");
    note(database, GLOBEX, "two");

    String seen =
        database.inTenant(
            ACME, c -> ServingDatabase.single(c, "select string_agg(note, ',') from notes"));

    assertThat(seen).isEqualTo("one");
  }

  @Test
  void rowsAreNeverWrittenForAnotherTenant() {
    TenantDatabase database = server.open();
    note(database, GLOBEX, "two");

    assertThatThrownBy(
            () ->
                database.inTenant(
                    ACME,
                    c ->
                        c.createStatement()
                            .executeUpdate("insert into notes values ('globex','')")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("42501");
    assertThatThrownBy(
            () ->
                database.inTenant(
                    GLOBEX,
                    c -> c.createStatement().executeUpdate("update notes set tenant = 'acme'")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("42501");
  }

  @Test
  void withoutATenantThereIsNoRow() throws SQLException {
    TenantDatabase database = server.open();
    note(database, ACME, "one");

    try (Connection serving = server.user("serving").getConnection();
        Connection owner = server.owner().getConnection()) {
      assertThat(count(serving)).isEqualTo("0");
      assertThat(count(owner)).isEqualTo("0");
    }
  }

  @Test
  void aPooledConnectionForgetsItsTenant() throws SQLException {
    try (AgroalDataSource one = server.pool(1)) {
      TenantDatabase database = new TenantDatabase(one, 5_000);
      assertThat(database.open()).isEmpty();
      note(database, ACME, "one");
      assertThatThrownBy(
              () ->
                  database.inTenant(
                      ACME,
                      c -> {
                        throw new IllegalArgumentException("in the middle");
                      }))
          .isInstanceOf(IllegalArgumentException.class);

      try (Connection again = one.getConnection()) {
        assertThat(count(again)).isEqualTo("0");
      }
      assertThat(database.<String>inTenant(GLOBEX, TenantDatabaseTest::count)).isEqualTo("0");
      assertThat(one.getMetrics().creationCount()).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void theUserThatServesIsNoOwnerNoSuperuserAndSubjectToRowLevelSecurity() throws SQLException {
    TenantDatabase database = server.open();

    String rights =
        database.inTenant(
            ACME,
            c ->
                ServingDatabase.single(
                    c,
                    "select concat(rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,"
                        + " pg_has_role('gateway', 'member')) from pg_roles"
                        + " where rolname = current_user"));

    assertThat(rights).isEqualTo("fffff");
  }

  @Test
  void aDatabaseWhoseUserCouldSeeMoreIsNotUsed() {
    for (String user : List.of("postgres", "passing", "gateway")) {
      TenantDatabase database = new TenantDatabase(server.user(user), 5_000);

      assertThat(database.open()).as(user).isNotEmpty();
      assertThatThrownBy(() -> database.inTenant(ACME, TenantDatabaseTest::count))
          .isInstanceOfSatisfying(
              RefusedException.class,
              e -> assertThat(e.refusal().code()).isEqualTo(ErrorCode.DEPENDENCY_UNAVAILABLE));
    }
  }

  @Test
  void aDatabaseWithATableWithoutForcedRowLevelSecurityIsNotUsed() {
    ServingDatabase.execute(server.owner(), "alter table notes no force row level security");

    assertThat(new TenantDatabase(server.user("serving"), 5_000).open())
        .containsExactly("table notes is open to its user or belongs to it");
  }

  @Test
  void aStatementThatTakesTooLongIsEndedAndRefused() {
    TenantDatabase database = new TenantDatabase(server.user("serving"), 50);
    assertThat(database.open()).isEmpty();

    assertThatThrownBy(
            () -> database.inTenant(ACME, c -> c.createStatement().execute("select pg_sleep(60)")))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> assertThat(e.refusal().code()).isEqualTo(ErrorCode.DEPENDENCY_UNAVAILABLE));
  }

  @Test
  void aFailureDoesNotTellValues() {
    TenantDatabase database = server.open();

    assertThatThrownBy(
            () ->
                database.inTenant(
                    ACME, c -> c.createStatement().execute("select 'a secret value'::int")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the database refuses a statement, SQL state 22P02")
        .hasNoCause();
  }
}
