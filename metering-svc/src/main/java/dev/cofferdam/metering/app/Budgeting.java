package dev.cofferdam.metering.app;

import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.metering.budget.BudgetWatch;
import dev.cofferdam.metering.budget.RatedCosts;
import dev.cofferdam.metering.budget.kafka.ConfiguredBudgets;
import dev.cofferdam.metering.budget.kafka.KafkaTeller;
import dev.cofferdam.metering.budget.postgres.LedgerSpending;
import dev.cofferdam.metering.budget.postgres.PostgresMarks;
import dev.cofferdam.metering.ledger.postgres.PostgresUsageViews;
import dev.cofferdam.metering.pricing.RateBook;
import dev.cofferdam.proto.admin.v1.Tenant;
import java.time.Instant;
import javax.sql.DataSource;

/** Budgets: what is compared, and who is told. */
final class Budgeting {
  private final ConfigView<Tenant> tenants;
  private final BudgetWatch watch;

  /**
   * View and publisher stay the caller's.
   *
   * @param waitingBytesMax as of {@link KafkaTeller}
   */
  Budgeting(
      ConfigView<Tenant> tenants,
      RateBook rates,
      DataSource database,
      FactPublisher publisher,
      long waitingBytesMax) {
    this.tenants = tenants;
    this.watch =
        new BudgetWatch(
            new LedgerSpending(database, new PostgresUsageViews(database), new RatedCosts(rates)),
            new PostgresMarks(database),
            new KafkaTeller(publisher, waitingBytesMax));
  }

  /**
   * Compares once.
   *
   * @throws RuntimeException where the store or the spool does not take it; the next time tells
   */
  void step(Instant now) {
    watch.step(ConfiguredBudgets.of(tenants), now);
  }
}
