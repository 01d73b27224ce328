package dev.cofferdam.gateway.tenancy.postgres;

import dev.cofferdam.mesh.postgres.TestPostgres;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalPropertiesReader;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;

/**
 * The gateway's database in a real PostgreSQL, one for all tests of a process, with the users of
 * production: one owns the tables, another serves.
 */
public final class ServingDatabase {
  private static final int STATEMENT_MS_MAX = 5_000;
  private static final String NAME = "gateway";

  private static final class Holder {
    static final ServingDatabase SHARED = start();

    private static ServingDatabase start() {
      TestPostgres postgres = TestPostgres.start();
      execute(
          postgres.superuser(),
          "create role gateway login; create role serving login;"
              + " create role passing login bypassrls in role serving");
      execute(postgres.superuser(), "create database " + NAME + " owner gateway");
      Flyway.configure()
          .dataSource(postgres.database("gateway", NAME))
          .placeholders(Map.of("serving", "serving"))
          .load()
          .migrate();
      return new ServingDatabase(postgres);
    }
  }

  private final TestPostgres postgres;
  private @Nullable TenantDatabase open;

  private ServingDatabase(TestPostgres postgres) {
    this.postgres = postgres;
  }

  /** The database without a row. */
  public static ServingDatabase emptied() {
    execute(
        Holder.SHARED.user("postgres"),
        """
        do $$
        declare name text;
        begin
          for name in select tablename from pg_tables
            where schemaname = 'public' and tablename <> 'flyway_schema_history'
          loop
            execute format('truncate %I cascade', name);
          end loop;
        end $$
        """);
    return Holder.SHARED;
  }

  /** Connections of the user that owns the tables. */
  public DataSource owner() {
    return postgres.database("gateway", NAME);
  }

  /** Connections of another user. */
  public DataSource user(String user) {
    return postgres.database(user, NAME);
  }

  /** A pool of connections of the user that serves. */
  public AgroalDataSource pool(int connections) {
    try {
      return AgroalDataSource.from(
          new AgroalPropertiesReader()
              .readProperties(
                  Map.of(
                      "maxSize",
                      Integer.toString(connections),
                      "acquisitionTimeout_s",
                      "5",
                      "jdbcUrl",
                      postgres.url("serving", NAME)))
              .get());
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The database as the service uses it. */
  public synchronized TenantDatabase open() {
    TenantDatabase database = open;
    if (database == null) {
      database = new TenantDatabase(pool(4), STATEMENT_MS_MAX);
      if (!database.open().isEmpty()) {
        throw new AssertionError("the database is not confined");
      }
      open = database;
    }
    return database;
  }

  /** Runs a statement past all walls; the first column of its first row, "" where it has none. */
  public String asSuperuser(String sql) {
    return as("postgres", sql);
  }

  /** The same as another user; of several statements, the last. */
  public String as(String user, String sql) {
    try (Connection connection = user(user).getConnection();
        Statement statement = connection.createStatement()) {
      boolean rows = statement.execute(sql);
      while (!rows && statement.getUpdateCount() != -1) {
        rows = statement.getMoreResults();
      }
      if (!rows) {
        return "";
      }
      try (ResultSet row = statement.getResultSet()) {
        return row.next() ? String.valueOf(row.getString(1)) : "";
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs statements. */
  public static void execute(DataSource source, String sql) {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The first column of the first row. */
  public static String single(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return String.valueOf(row.getString(1));
    }
  }
}
