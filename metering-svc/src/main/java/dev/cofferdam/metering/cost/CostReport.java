package dev.cofferdam.metering.cost;

import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.vocabulary.TenantId;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;

/**
 * Costs of some days.
 *
 * @param days the days
 * @param currency of all costs, ISO 4217
 * @param tenants what tenants cost and pay, in alphabetical order
 * @param pools what pools cost, in alphabetical order; none for a tenant's view
 */
public record CostReport(
    Days days, String currency, List<TenantCost> tenants, List<PoolCost> pools) {
  public CostReport {
    tenants = List.copyOf(tenants);
    pools = List.copyOf(pools);
  }

  /**
   * What a tenant costs and pays.
   *
   * @param tenant whose
   * @param bills what it is charged, one sum for each currency
   * @param computeUs computing, in microseconds
   * @param uncostedUs of that, what ran on pools or in hours whose cost is not known
   * @param compute its share of the nodes' cost
   * @param adapters what its adapters cost
   * @param storage what it keeps costs
   * @param work how its work went
   * @param reasons in what its work is dearer than that of all; strongest first
   */
  public record TenantCost(
      TenantId tenant,
      List<Bill> bills,
      long computeUs,
      long uncostedUs,
      BigDecimal compute,
      BigDecimal adapters,
      BigDecimal storage,
      Work work,
      List<Reason> reasons) {
    public TenantCost {
      bills = List.copyOf(bills);
      reasons = List.copyOf(reasons);
    }

    /** All of it. */
    public BigDecimal cost() {
      return compute.add(adapters).add(storage);
    }

    /** Bills less cost; empty where the tenant pays in another currency. */
    public Optional<BigDecimal> margin(String currency) {
      return bills.stream().allMatch(bill -> bill.currency().equals(currency))
          ? Optional.of(
              bills.stream()
                  .map(Bill::amount)
                  .reduce(BigDecimal.ZERO, BigDecimal::add)
                  .subtract(cost()))
          : Optional.empty();
    }
  }

  /** A sum of money that a tenant is charged. */
  public record Bill(String currency, BigDecimal amount) {}

  /**
   * What a pool costs: {@code paid} is {@code used}, {@code shadows} and {@code idle} together.
   *
   * @param pool the pool
   * @param nodeHours hours of nodes
   * @param busyUs computing in those hours, in microseconds
   * @param paid what the nodes cost
   * @param used the tenants' shares of it
   * @param shadows the share of copies that nobody asked for
   * @param idle what is left; below zero where more was computed than nodes are paid for
   */
  public record PoolCost(
      String pool,
      long nodeHours,
      long busyUs,
      BigDecimal paid,
      BigDecimal used,
      BigDecimal shadows,
      BigDecimal idle) {}
}
