package dev.cofferdam.mesh.postgres;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/**
 * A real PostgreSQL, one for all tests of a process, and a fresh database in it for each that asks,
 * with the tables of the migrations on the class path.
 */
public final class TestDatabase {
  /** Owns the databases; no superuser, whom row-level security would let pass. */
  private static final String OWNER = "keeper";

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private static final class Server {
    static final TestPostgres POSTGRES = start();

    private static TestPostgres start() {
      TestPostgres postgres = TestPostgres.start();
      execute(postgres.superuser(), "create role " + OWNER + " login createrole");
      return postgres;
    }
  }

  private TestDatabase() {}

  /** A fresh migrated database, reached as its owner. */
  public static DataSource create() {
    String name = "test" + NUMBER.incrementAndGet();
    execute(Server.POSTGRES.superuser(), "create database " + name + " owner " + OWNER);
    DataSource source = Server.POSTGRES.database(OWNER, name);
    Flyway.configure().dataSource(source).load().migrate();
    return source;
  }

  /** Runs a statement. */
  public static void execute(DataSource source, String sql) {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** All rows of a query in everybody's view, the columns of each joined by spaces. */
  public static List<String> rows(DataSource source, String sql) {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("set cofferdam.view = 'everybody'");
      ResultSet rows = statement.executeQuery(sql);
      List<String> all = new ArrayList<>();
      while (rows.next()) {
        List<String> columns = new ArrayList<>();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
          columns.add(rows.getString(i));
        }
        all.add(String.join(" ", columns));
      }
      return all;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The only number of a query. */
  public static long number(DataSource source, String sql) {
    return Long.parseLong(rows(source, sql).getFirst());
  }
}
