package dev.cofferdam.mesh.bench;

import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalPropertiesReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.flywaydb.core.Flyway;

/** A fresh schema of its own for a benchmark, with the service's tables, dropped at the end. */
public final class BenchDatabase implements AutoCloseable {
  private static final String SCHEMA = "bench";

  private final AgroalDataSource source;

  public BenchDatabase(String jdbcUrl, String user, String password) throws SQLException {
    String url = jdbcUrl + (jdbcUrl.contains("?") ? "&" : "?");
    this.source =
        AgroalDataSource.from(
            new AgroalPropertiesReader()
                .readProperties(
                    Map.of(
                        "maxSize",
                        "4",
                        "jdbcUrl",
                        url + "currentSchema=" + SCHEMA + "&reWriteBatchedInserts=true",
                        "principal",
                        user,
                        "credential",
                        password))
                .get());
    drop();
    execute("create schema " + SCHEMA);
    Flyway.configure().dataSource(source).defaultSchema(SCHEMA).load().migrate();
  }

  /** Connections to the schema, at most four. */
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
    drop();
    source.close();
  }
}
