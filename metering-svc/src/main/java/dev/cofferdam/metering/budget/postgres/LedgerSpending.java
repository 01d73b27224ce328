package dev.cofferdam.metering.budget.postgres;

import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.budget.Costs;
import dev.cofferdam.metering.budget.Spending;
import dev.cofferdam.metering.budget.Spent;
import dev.cofferdam.metering.ledger.Rollup;
import dev.cofferdam.metering.ledger.UsageViews;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;

/** Spending by the sums of days and months; in money by the sums of hours, each at its price. */
public final class LedgerSpending implements Spending {
  private static final String TOKENS =
      """
      select tenant,
        coalesce(sum(prompt_tokens + output_tokens) filter (where period = 'day'), 0)::bigint,
        coalesce(sum(prompt_tokens + output_tokens) filter (where period = 'month'), 0)::bigint
      from usage_rollups
      where tenant = any (?)
        and (period = 'day' and period_start = ? or period = 'month' and period_start = ?)
      group by tenant
      """;

  private final DataSource source;
  private final UsageViews views;
  private final Costs costs;

  /**
   * @param source connections to the ledger
   */
  public LedgerSpending(DataSource source, UsageViews views, Costs costs) {
    this.source = source;
    this.views = views;
    this.costs = costs;
  }

  @Override
  public Map<TenantId, Spent> of(Map<TenantId, Budgets> tenants, LocalDate day) {
    Map<TenantId, Spent> all = tokens(tenants, day);
    for (Map.Entry<TenantId, Budgets> tenant : tenants.entrySet()) {
      Budgets budgets = tenant.getValue();
      Spent tokens = all.get(tenant.getKey());
      if (tokens != null
          && (budgets.dailyMicros().isPresent() || budgets.monthlyMicros().isPresent())) {
        Costs.Cost cost = cost(tenant.getKey(), day);
        all.put(
            tenant.getKey(),
            new Spent(
                tokens.dayTokens(), cost.dayMicros(), tokens.monthTokens(), cost.monthMicros()));
      }
    }
    return all;
  }

  private Map<TenantId, Spent> tokens(Map<TenantId, Budgets> tenants, LocalDate day) {
    return Transaction.attempt(
        source,
        connection -> {
          RowView.takeAll(connection);
          try (PreparedStatement statement = connection.prepareStatement(TOKENS)) {
            statement.setArray(
                1,
                connection.createArrayOf(
                    "text", tenants.keySet().stream().map(TenantId::value).toArray()));
            statement.setObject(2, day.atStartOfDay().atOffset(ZoneOffset.UTC));
            statement.setObject(3, day.withDayOfMonth(1).atStartOfDay().atOffset(ZoneOffset.UTC));
            Map<TenantId, Spent> all = new HashMap<>();
            try (ResultSet row = statement.executeQuery()) {
              while (row.next()) {
                all.put(
                    new TenantId(row.getString(1)),
                    new Spent(row.getLong(2), 0, row.getLong(3), 0));
              }
            }
            return all;
          }
        });
  }

  /** Day by day, so that no answer is cut off. */
  private Costs.Cost cost(TenantId tenant, LocalDate day) {
    List<Rollup> hours = new ArrayList<>();
    for (LocalDate d = day.withDayOfMonth(1); !d.isAfter(day); d = d.plusDays(1)) {
      UsageViews.Span span =
          new UsageViews.Span(Optional.of(start(d)), Optional.of(start(d.plusDays(1))));
      hours.addAll(
          views.rollups(
              new View.Of(tenant), new UsageViews.RollupQuery(UsageViews.Period.HOUR, span)));
    }
    return costs.of(tenant, hours, day);
  }

  private static Instant start(LocalDate day) {
    return day.atStartOfDay(ZoneOffset.UTC).toInstant();
  }
}
