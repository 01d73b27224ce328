package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.report.LogFacts;
import dev.cofferdam.audit.retention.Erasure;
import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.mesh.store.View;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

/** Figures of the log by row-level security. */
public final class PostgresLogFacts implements LogFacts {
  private static final String COUNTS =
      """
      select operation, severity, count(*) from leaves
      where occurred_ms >= ? and occurred_ms < ?
      group by operation, severity order by severity desc, operation
      """;

  /** Keys have no policy of their own, as the writer reads them all: the tenant is a condition. */
  private static final String KEYS =
      """
      select case when wrapped is null then 'destroyed' when retired_at is null then 'in use'
        else 'retired' end as state, count(*)
      from data_keys where is_visible(tenant) group by state order by state
      """;

  private final DataSource source;

  /**
   * @param source connections to the log
   */
  public PostgresLogFacts(DataSource source) {
    this.source = source;
  }

  @Override
  public List<Count> counts(View view, long fromMs, long toMs) {
    return Transaction.attempt(
        source,
        connection -> {
          RowView.take(connection, view);
          try (PreparedStatement statement = connection.prepareStatement(COUNTS)) {
            statement.setLong(1, fromMs);
            statement.setLong(2, toMs);
            try (ResultSet rows = statement.executeQuery()) {
              List<Count> counts = new ArrayList<>();
              while (rows.next()) {
                counts.add(new Count(rows.getString(1), rows.getInt(2), rows.getLong(3)));
              }
              return counts;
            }
          }
        });
  }

  @Override
  public Map<String, Long> keys(View view) {
    return Transaction.attempt(
        source,
        connection -> {
          RowView.take(connection, view);
          try (PreparedStatement statement = connection.prepareStatement(KEYS);
              ResultSet rows = statement.executeQuery()) {
            Map<String, Long> states = new LinkedHashMap<>();
            while (rows.next()) {
              states.put(rows.getString(1), rows.getLong(2));
            }
            return states;
          }
        });
  }

  @Override
  public List<Erasure> erasures(View view, int rowsMax) {
    return new PostgresErasures(source).newest(view, rowsMax);
  }
}
