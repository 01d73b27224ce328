package dev.cofferdam.metering.budget;

import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares what the ledger says with tenants' budgets. Belongs to one thread; several processes may
 * do the same, and each mark is told by one of them.
 */
public final class BudgetWatch {
  private final Spending spending;
  private final Marks marks;
  private final Teller teller;
  private Map<TenantId, Stated> last = Map.of();

  private record Stated(LocalDate day, Spent spent, List<Mark> marks) {}

  public BudgetWatch(Spending spending, Marks marks, Teller teller) {
    this.spending = spending;
    this.marks = marks;
    this.teller = teller;
  }

  /**
   * Tells what has changed.
   *
   * @param tenants all tenants with their budgets
   * @throws dev.cofferdam.mesh.store.StoreUnavailableException where the store is away; the next
   *     step tells what this one did not
   */
  public void step(Map<TenantId, Budgets> tenants, Instant now) {
    Map<TenantId, Budgets> budgeted = new HashMap<>(tenants);
    budgeted.values().removeIf(budgets -> !budgets.any());
    LocalDate day = LocalDate.ofInstant(now, ZoneOffset.UTC);
    Map<TenantId, Spent> spent = spending.of(budgeted, day);
    Map<TenantId, Stated> stated = new HashMap<>();
    List<Mark> passed = new ArrayList<>();
    budgeted.forEach(
        (tenant, budgets) -> {
          Spent all = spent.getOrDefault(tenant, Spent.NOTHING);
          List<Mark> own = Mark.passed(tenant, budgets, all, day);
          passed.addAll(own);
          stated.put(tenant, new Stated(day, all, own));
        });
    for (Mark mark : marks.keep(passed)) {
      teller.alert(mark, now);
      marks.told(mark);
    }
    stated
        .entrySet()
        .removeIf(
            one ->
                !one.getValue().equals(last.get(one.getKey()))
                    && !teller.state(
                        one.getKey(), day, one.getValue().spent(), one.getValue().marks(), now));
    last = stated;
  }
}
