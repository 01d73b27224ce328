package dev.cofferdam.metering.budget.postgres;

import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.metering.budget.Budget;
import dev.cofferdam.metering.budget.Mark;
import dev.cofferdam.metering.budget.Marks;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.sql.DataSource;

/** Marks in a table whose key is tenant, budget, period and share. */
public final class PostgresMarks implements Marks {
  private static final String KEEP =
      """
      insert into budget_marks (tenant, budget, period, percent, limit_amount, spent)
      values (?, ?, ?, ?, ?, ?) on conflict do nothing
      """;
  private static final String UNTOLD =
      """
      select tenant, budget, period, percent, limit_amount, spent from budget_marks
      where told_at is null order by passed_at, tenant, budget, percent limit 1000
      """;
  private static final String TOLD =
      """
      update budget_marks set told_at = now()
      where tenant = ? and budget = ? and period = ? and percent = ?
      """;

  private final DataSource source;

  /**
   * @param source connections to the ledger's database
   */
  public PostgresMarks(DataSource source) {
    this.source = source;
  }

  @Override
  public List<Mark> keep(List<Mark> passed) {
    return Transaction.attempt(
        source,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(KEEP)) {
            for (Mark mark : passed) {
              bind(statement, mark);
              statement.setLong(5, mark.limit());
              statement.setLong(6, mark.spent());
              statement.addBatch();
            }
            statement.executeBatch();
          }
          return untold(connection);
        });
  }

  private static List<Mark> untold(Connection connection) throws SQLException {
    List<Mark> marks = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(UNTOLD);
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        marks.add(
            new Mark(
                new TenantId(row.getString(1)),
                Budget.valueOf(row.getString(2).toUpperCase(Locale.ROOT)),
                row.getObject(3, LocalDate.class),
                row.getInt(4),
                row.getLong(5),
                row.getLong(6)));
      }
    }
    return marks;
  }

  @Override
  public void told(Mark mark) {
    Transaction.attempt(
        source,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(TOLD)) {
            bind(statement, mark);
            return statement.executeUpdate();
          }
        });
  }

  private static void bind(PreparedStatement statement, Mark mark) throws SQLException {
    statement.setString(1, mark.tenant().value());
    statement.setString(2, mark.budget().label());
    statement.setObject(3, mark.period());
    statement.setInt(4, mark.percent());
  }
}
