package dev.cofferdam.mesh.bench;

import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalPropertiesReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.flywaydb.core.Flyway;

/** A schema of its own for a benchmark, with the service's tables. */
public final class BenchDatabase implements AutoCloseable {
  private static final String SCHEMA = "bench";

  private final AgroalDataSource source;
  private final boolean owned;

  /** A fresh one, dropped at the end. */
  public BenchDatabase(String jdbcUrl, String user, String password) throws SQLException {
    this(jdbcUrl, user, password, true);
    drop();
    execute("create schema " + SCHEMA);
    Flyway.configure().dataSource(source).defaultSchema(SCHEMA).load().migrate();
  }

  private BenchDatabase(String jdbcUrl, String user, String password, boolean owned)
      throws SQLException {
    this.owned = owned;
    String url = jdbcUrl + (jdbcUrl.contains("?") ? "&" : "?");
    this.source =
        AgroalDataSource.from(
            new AgroalPropertiesReader()
                .readProperties(
                    Map.of(
                        "maxSize",
                        "8",
                        "jdbcUrl",
                        url + "currentSchema=" + SCHEMA + "&reWriteBatchedInserts=true",
                        "principal",
                        user,
                        "credential",
                        password))
                .get());
  }

  /** Another process's, while that has it. */
  public static BenchDatabase shared(String jdbcUrl, String user, String password)
      throws SQLException {
    return new BenchDatabase(jdbcUrl, user, password, false);
  }

  /** Connections to the schema, at most eight. */
  public AgroalDataSource source() {
    return source;
  }

  /** Runs a statement. */
  public void execute(String sql) throws SQLException {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private void drop() throws SQLException {
    execute("drop schema if exists " + SCHEMA + " cascade");
  }

  @Override
  public void close() throws SQLException {
    if (owned) {
      drop();
    }
    source.close();
  }
}
