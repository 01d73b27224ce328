package dev.cofferdam.metering.cost;

import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.cost.CostFacts.Kept;
import dev.cofferdam.metering.cost.CostFacts.NodeHour;
import dev.cofferdam.metering.cost.CostFacts.WorkHour;
import dev.cofferdam.metering.cost.CostReport.Bill;
import dev.cofferdam.metering.cost.CostReport.PoolCost;
import dev.cofferdam.metering.cost.CostReport.TenantCost;
import dev.cofferdam.metering.invoice.DailyCharges;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.pricing.Charge;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Money;
import dev.cofferdam.vocabulary.TenantId;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Makes cost reports: a tenant's share of the nodes is its compute seconds times the hourly cost of
 * the node that it computed on, by 3600. What no share takes is idle.
 */
public final class Costing {
  private static final BigInteger US_PER_HOUR = BigInteger.valueOf(3_600_000_000L);

  private final CostFacts facts;
  private final DailyCharges charges;
  private final CostRates rates;

  public Costing(CostFacts facts, DailyCharges charges, CostRates rates) {
    this.facts = facts;
    this.charges = charges;
    this.rates = rates;
  }

  /** The costs of some days: for a tenant its own, for everybody those of all and of the pools. */
  public CostReport report(View view, Days days) {
    return report(view, days, charges.of(view, days, DailyCharges.Grain.HOURS));
  }

  /**
   * As above, where the charges are known.
   *
   * @param charged those of the view and the days
   */
  public CostReport report(View view, Days days, List<DailyCharges.Row> charged) {
    Shares shares = new Shares(facts.nodes(days), rates.currency());
    Map<TenantId, Work> work = new HashMap<>();
    for (WorkHour hour : facts.work(view, days)) {
      shares.add(hour);
      if (!hour.shadow()) {
        work.merge(hour.tenant(), hour.work(), Work::plus);
      }
    }
    boolean everybody = view instanceof View.Everybody;
    return new CostReport(
        days,
        rates.currency(),
        tenants(view, days, shares, work, bills(charged)),
        everybody ? shares.pools() : List.of());
  }

  private List<TenantCost> tenants(
      View view,
      Days days,
      Shares shares,
      Map<TenantId, Work> work,
      Map<TenantId, Map<String, BigDecimal>> bills) {
    Work all = work.values().stream().reduce(Work.NONE, Work::plus);
    Map<TenantId, Kept> kept = facts.kept(view, days);
    boolean everybody = view instanceof View.Everybody;
    Map<TenantId, List<Reason.Cause>> preempted = everybody ? facts.preempted(days) : Map.of();
    TreeSet<TenantId> names = new TreeSet<>(java.util.Comparator.comparing(TenantId::value));
    names.addAll(work.keySet());
    names.addAll(kept.keySet());
    names.addAll(bills.keySet());
    List<TenantCost> tenants = new ArrayList<>();
    for (TenantId tenant : names) {
      Work own = work.getOrDefault(tenant, Work.NONE);
      Kept keeps = kept.getOrDefault(tenant, Kept.NOTHING);
      tenants.add(
          new TenantCost(
              tenant,
              bills.getOrDefault(tenant, Map.of()).entrySet().stream()
                  .map(bill -> new Bill(bill.getKey(), bill.getValue()))
                  .toList(),
              own.computeUs(),
              shares.uncosted(tenant),
              shares.of(tenant),
              Money.of(keeps.adapterHours(), rates.adapterMicrosPerHour(), Meter.ADAPTER_HOURS),
              Money.of(
                  keeps.storedByteHours(),
                  rates.storageMicrosPerGibHour(),
                  Meter.STORAGE_GIB_HOURS),
              own,
              everybody
                  ? Reason.of(own, all, preempted.getOrDefault(tenant, List.of()))
                  : List.of()));
    }
    return tenants;
  }

  /** Sums by tenant and currency; each price's use is rounded once, as on an invoice. */
  private static Map<TenantId, Map<String, BigDecimal>> bills(List<DailyCharges.Row> charged) {
    record Key(TenantId tenant, String currency, long invoice, Charge charge) {}
    Map<Key, Long> units = new HashMap<>();
    for (DailyCharges.Row row : charged) {
      units.merge(
          new Key(row.tenant(), row.currency(), row.invoice(), row.charge()),
          row.units(),
          Math::addExact);
    }
    Map<TenantId, Map<String, BigDecimal>> bills = new HashMap<>();
    units.forEach(
        (key, sum) ->
            bills
                .computeIfAbsent(key.tenant(), t -> new TreeMap<>())
                .merge(
                    key.currency(),
                    Money.of(sum, key.charge().priceMicros(), key.charge().meter()),
                    BigDecimal::add));
    return bills;
  }

  /** Who had how much of the nodes; exact in millionths times microseconds until it is asked. */
  private static final class Shares {
    private record Place(String pool, Instant hour) {}

    private final Map<Place, NodeHour> nodes = new HashMap<>();
    private final Map<TenantId, Map<String, BigInteger>> byTenant = new HashMap<>();
    private final Map<TenantId, Long> uncosted = new HashMap<>();
    private final Map<String, BigInteger> shadows = new TreeMap<>();
    private final Map<String, Long> busyUs = new HashMap<>();

    Shares(List<NodeHour> hours, String currency) {
      hours.stream()
          .filter(hour -> hour.currency().equals(currency))
          .forEach(hour -> nodes.put(new Place(hour.pool(), hour.hour()), hour));
    }

    void add(WorkHour hour) {
      NodeHour node = nodes.get(new Place(hour.pool(), hour.hour()));
      long computeUs = hour.work().computeUs();
      if (node == null) {
        if (!hour.shadow()) {
          uncosted.merge(hour.tenant(), computeUs, Math::addExact);
        }
        return;
      }
      busyUs.merge(hour.pool(), computeUs, Math::addExact);
      BigInteger share =
          BigInteger.valueOf(computeUs).multiply(BigInteger.valueOf(node.microsPerHour()));
      if (hour.shadow()) {
        shadows.merge(hour.pool(), share, BigInteger::add);
      } else {
        byTenant
            .computeIfAbsent(hour.tenant(), t -> new TreeMap<>())
            .merge(hour.pool(), share, BigInteger::add);
      }
    }

    long uncosted(TenantId tenant) {
      return uncosted.getOrDefault(tenant, 0L);
    }

    BigDecimal of(TenantId tenant) {
      return byTenant.getOrDefault(tenant, Map.of()).values().stream()
          .map(Shares::money)
          .reduce(Money.ZERO, BigDecimal::add);
    }

    /** Each share is rounded once; what is idle is exactly what they leave. */
    List<PoolCost> pools() {
      Map<String, BigDecimal> paid = new TreeMap<>();
      Map<String, Long> hours = new HashMap<>();
      for (NodeHour node : nodes.values()) {
        hours.merge(node.pool(), (long) node.nodes(), Math::addExact);
        paid.merge(
            node.pool(),
            Money.ofMicros(Math.multiplyExact(node.nodes(), node.microsPerHour())),
            BigDecimal::add);
      }
      List<PoolCost> pools = new ArrayList<>();
      paid.forEach(
          (pool, sum) -> {
            BigDecimal used =
                byTenant.values().stream()
                    .map(shares -> money(shares.getOrDefault(pool, BigInteger.ZERO)))
                    .reduce(Money.ZERO, BigDecimal::add);
            BigDecimal copies = money(shadows.getOrDefault(pool, BigInteger.ZERO));
            pools.add(
                new PoolCost(
                    pool,
                    hours.getOrDefault(pool, 0L),
                    busyUs.getOrDefault(pool, 0L),
                    sum,
                    used,
                    copies,
                    sum.subtract(used).subtract(copies)));
          });
      return pools;
    }

    private static BigDecimal money(BigInteger share) {
      return Money.quotient(share, US_PER_HOUR);
    }
  }
}
