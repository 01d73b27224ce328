package dev.cofferdam.gateway.tenancy.postgres;

import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalPropertiesReader;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/**
 * A fresh database in a real PostgreSQL with the users of production: one owns the tables, another
 * serves.
 */
public final class ServingDatabase {
  private static final int STATEMENT_MS_MAX = 5_000;
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private static final class Server {
    static final EmbeddedPostgres POSTGRES = start();

    private static EmbeddedPostgres start() {
      try {
        EmbeddedPostgres postgres = EmbeddedPostgres.builder().start();
        execute(
            postgres.getPostgresDatabase(),
            "create role gateway login; create role serving login;"
                + " create role passing login bypassrls in role serving");
        return postgres;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private final String name = "test" + NUMBER.incrementAndGet();

  /** Migrated. */
  public ServingDatabase() {
    execute(Server.POSTGRES.getPostgresDatabase(), "create database " + name + " owner gateway");
    Flyway.configure()
        .dataSource(owner())
        .placeholders(Map.of("serving", "serving"))
        .load()
        .migrate();
  }

  /** Connections of the user that owns the tables. */
  public DataSource owner() {
    return Server.POSTGRES.getDatabase("gateway", name);
  }

  /** Connections of another user. */
  public DataSource user(String user) {
    return Server.POSTGRES.getDatabase(user, name);
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
                      Server.POSTGRES.getJdbcUrl("serving", name)))
              .get());
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The database as the service uses it. */
  public TenantDatabase open() {
    TenantDatabase database = new TenantDatabase(pool(4), STATEMENT_MS_MAX);
    if (!database.open().isEmpty()) {
      throw new AssertionError("the database is not confined");
    }
    return database;
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
