package dev.cofferdam.metering.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.budget.postgres.LedgerSpending;
import dev.cofferdam.metering.budget.postgres.PostgresMarks;
import dev.cofferdam.metering.ledger.Rollup;
import dev.cofferdam.metering.ledger.SilentListener;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import dev.cofferdam.metering.ledger.postgres.PostgresUsageViews;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Budgets beside the ledger of a real PostgreSQL. A fact is 100 tokens of input and 20 of output.
 */
class BudgetWatchTest {
  private static final TenantId HARBOR = new TenantId("harbor-books");
  private static final Instant NEXT_DAY = Facts.NOW.plusSeconds(86_400);

  private final DataSource database = TestDatabase.create();
  private final Told told = new Told();
  private LedgerIntake intake;
  private long number;

  @BeforeEach
  void open() {
    intake =
        new LedgerIntake(
            "usage",
            new PostgresLedger(database),
            InstantSource.fixed(NEXT_DAY),
            new SilentListener());
    intake.claim(Set.of(0));
  }

  private void use(int facts, Instant ended) {
    for (int i = 0; i < facts; i++) {
      intake.store(
          Facts.in(
              0,
              number,
              List.of(
                  Facts.bytes(
                      Facts.usage(number, "harbor-books")
                          .setEndedEpochMs(ended.toEpochMilli())
                          .build()))));
      number++;
    }
  }

  /** A thousandth of the currency for each token of output. */
  private BudgetWatch watch() {
    Costs costs =
        (tenant, hours, day) -> {
          long before = 0;
          long all = 0;
          for (Rollup hour : hours) {
            all += hour.outputTokens() * 1_000;
            if (LocalDate.ofInstant(hour.start(), ZoneOffset.UTC).isBefore(day)) {
              before += hour.outputTokens() * 1_000;
            }
          }
          return new Costs.Cost(all - before, all);
        };
    return new BudgetWatch(
        new LedgerSpending(database, new PostgresUsageViews(database), costs),
        new PostgresMarks(database),
        told);
  }

  private static Map<TenantId, Budgets> budgets(Budgets budgets) {
    return Map.of(HARBOR, budgets, new TenantId("quiet"), Budgets.NONE);
  }

  @Test
  void eachShareIsToldOnceForItsPeriodWhateverRestarts() {
    Map<TenantId, Budgets> budgets = budgets(Budgets.stoppingAt(1_200, 2_400));
    use(7, Facts.NOW);
    watch().step(budgets, Facts.NOW);
    assertThat(told.alerts).isEmpty();
    use(1, Facts.NOW);
    watch().step(budgets, Facts.NOW);
    assertThat(told.alerts).containsExactly("daily_tokens 2026-03-01 80 960/1200");
    use(2, Facts.NOW);
    BudgetWatch watch = watch();
    watch.step(budgets, Facts.NOW);
    watch.step(budgets, Facts.NOW);
    watch().step(budgets, Facts.NOW);
    assertThat(told.alerts)
        .containsExactly(
            "daily_tokens 2026-03-01 80 960/1200", "daily_tokens 2026-03-01 100 1200/1200");
    use(10, NEXT_DAY);
    watch().step(budgets, NEXT_DAY);
    assertThat(told.alerts.subList(2, told.alerts.size()))
        .containsExactlyInAnyOrder(
            "daily_tokens 2026-03-02 80 1200/1200",
            "daily_tokens 2026-03-02 100 1200/1200",
            "monthly_tokens 2026-03-01 80 2400/2400",
            "monthly_tokens 2026-03-01 100 2400/2400");
  }

  @Test
  void moneyIsComparedWithItsOwnBudgets() {
    Budgets money =
        new Budgets(
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.of(100_000),
            OptionalLong.of(250_000),
            false,
            Budgets.DEFAULT_RATE_CARD);
    use(4, Facts.NOW.minusSeconds(3_600));
    use(6, NEXT_DAY);
    watch().step(budgets(money), NEXT_DAY);
    assertThat(told.alerts)
        .containsExactlyInAnyOrder(
            "daily_cost_micros 2026-03-02 80 120000/100000",
            "daily_cost_micros 2026-03-02 100 120000/100000",
            "monthly_cost_micros 2026-03-01 80 200000/250000");
    assertThat(told.states)
        .containsOnly(Map.entry(HARBOR, new Spent(720, 120_000, 1_200, 200_000)));
  }

  @Test
  void anAlertThatCouldNotBeToldIsToldByTheNextStep() {
    Map<TenantId, Budgets> budgets = budgets(Budgets.stoppingAt(120, 1_000_000));
    use(1, Facts.NOW);
    told.deaf = true;
    assertThatThrownBy(() -> watch().step(budgets, Facts.NOW)).hasMessage("the spool is full");
    told.deaf = false;
    watch().step(budgets, Facts.NOW);
    assertThat(told.alerts)
        .containsExactly(
            "daily_tokens 2026-03-01 80 120/120", "daily_tokens 2026-03-01 100 120/120");
  }

  @Test
  void theLedgersWordIsGivenWhenItChangesAndNotBetween() {
    Map<TenantId, Budgets> budgets = budgets(Budgets.stoppingAt(1_200, 2_400));
    BudgetWatch watch = watch();
    use(1, Facts.NOW);
    watch.step(budgets, Facts.NOW);
    watch.step(budgets, Facts.NOW);
    assertThat(told.said).isEqualTo(1);
    use(1, Facts.NOW);
    watch.step(budgets, Facts.NOW);
    assertThat(told.said).isEqualTo(2);
    assertThat(told.states).containsOnly(Map.entry(HARBOR, new Spent(240, 0, 240, 0)));
  }

  @Test
  void aWordThatWasNotTakenIsGivenAgainAsItIsThen() {
    Map<TenantId, Budgets> budgets = budgets(Budgets.stoppingAt(1_200, 2_400));
    BudgetWatch watch = watch();
    told.full = true;
    use(1, Facts.NOW);
    watch.step(budgets, Facts.NOW);
    use(1, Facts.NOW);
    watch.step(budgets, Facts.NOW);
    told.full = false;
    watch.step(budgets, Facts.NOW);
    watch.step(budgets, Facts.NOW);
    assertThat(told.said).isEqualTo(1);
    assertThat(told.states).containsOnly(Map.entry(HARBOR, new Spent(240, 0, 240, 0)));
  }

  @Test
  void sharesOfLargeBudgetsAreExact() {
    Budgets large = Budgets.stoppingAt(Long.MAX_VALUE, 101);
    long share = Long.MAX_VALUE / 100 * 80 + (Long.MAX_VALUE % 100 * 80 + 99) / 100;
    assertThat(Mark.passed(HARBOR, large, new Spent(share - 1, 0, 80, 0), LocalDate.EPOCH))
        .isEmpty();
    assertThat(Mark.passed(HARBOR, large, new Spent(share, 0, 81, 0), LocalDate.EPOCH))
        .extracting(Mark::budget)
        .containsExactly(Budget.DAILY_TOKENS, Budget.MONTHLY_TOKENS);
  }

  private static final class Told implements Teller {
    final List<String> alerts = new ArrayList<>();
    final Map<TenantId, Spent> states = new HashMap<>();
    int said;
    boolean deaf;
    boolean full;

    @Override
    public void alert(Mark mark, Instant now) {
      if (deaf) {
        throw new IllegalStateException("the spool is full");
      }
      alerts.add(
          mark.budget().label()
              + " "
              + mark.period()
              + " "
              + mark.percent()
              + " "
              + mark.spent()
              + "/"
              + mark.limit());
    }

    @Override
    public boolean state(
        TenantId tenant, LocalDate day, Spent spent, List<Mark> marks, Instant now) {
      if (full) {
        return false;
      }
      states.put(tenant, spent);
      said++;
      return true;
    }
  }
}
