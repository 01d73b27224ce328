package dev.cofferdam.metering.cost;

import static dev.cofferdam.metering.TestLedger.days;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.TestLedger;
import dev.cofferdam.metering.cost.CostReport.PoolCost;
import dev.cofferdam.metering.cost.CostReport.TenantCost;
import dev.cofferdam.metering.cost.Reason.Kind;
import dev.cofferdam.metering.cost.postgres.PostgresCostFacts;
import dev.cofferdam.metering.cost.postgres.PostgresHourBook;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Prices;
import dev.cofferdam.metering.pricing.RateCard;
import dev.cofferdam.metering.pricing.Step;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.vocabulary.TenantId;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CostingTest {
  private static final TenantId HARBOR = new TenantId("harbor-books");
  private static final Days DAYS = days("2026-02-26", "2026-03-02");
  private static final HourBook.Nodes SHARED = new HourBook.Nodes("shared", 2, "EUR", 3_000_000);

  private TestLedger ledger;
  private HourBook hours;
  private Costing costing;

  @BeforeEach
  void open() {
    ledger =
        new TestLedger(
            new RateCard(
                "default",
                1,
                "EUR",
                List.of(
                    new Prices(
                        Instant.EPOCH,
                        Map.of("", Map.of(Meter.OUTPUT_TOKENS, List.of(new Step(0, 900_000))))))));
    hours = new PostgresHourBook(ledger.database);
    costing =
        new Costing(
            new PostgresCostFacts(ledger.database),
            ledger.charges,
            new CostRates("EUR", 10_000, 5_000));
  }

  private TenantCost of(CostReport report, String tenant) {
    return report.tenants().stream()
        .filter(one -> one.tenant().value().equals(tenant))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void allSharesAndWhatIsIdleAddUpToTheHoursOfTheNodes() {
    List<UsageRecorded> facts = new ArrayList<>(Facts.random(3, 500));
    facts.add(
        Facts.usage(99, "pixel-pirates").setOperation("shadow").setComputeUs(7_000_001).build());
    ledger.record(facts);
    hours.keep(List.of(SHARED), Facts.NOW.minus(HourBook.MISSED_MAX));
    hours.keep(List.of(SHARED), Facts.NOW);

    CostReport report = costing.report(new View.Everybody(), DAYS);

    PoolCost pool = report.pools().getFirst();
    assertThat(pool.nodeHours()).isEqualTo(2 * 73);
    assertThat(pool.paid()).isEqualByComparingTo("438");
    assertThat(pool.used().add(pool.shadows()).add(pool.idle())).isEqualTo(pool.paid());
    assertThat(
            report.tenants().stream()
                .map(TenantCost::compute)
                .reduce(BigDecimal.ZERO, BigDecimal::add))
        .isEqualTo(pool.used());
    assertThat(pool.shadows()).isEqualTo("0.005833");
    long harborUs =
        facts.stream()
            .filter(f -> f.getTenant().equals(HARBOR.value()))
            .mapToLong(UsageRecorded::getComputeUs)
            .sum();
    assertThat(of(report, "harbor-books").compute())
        .isEqualTo(
            BigDecimal.valueOf(harborUs)
                .multiply(BigDecimal.valueOf(3))
                .divide(BigDecimal.valueOf(3_600_000_000L), 6, RoundingMode.HALF_EVEN));
    assertThat(of(report, "harbor-books").uncostedUs()).isZero();
  }

  @Test
  void whatRanInHoursWhoseCostIsUnknownIsSaidToBeSo() {
    ledger.record(List.of(Facts.usage(1, "harbor-books").setPool("other").build()));
    hours.keep(List.of(SHARED, new HourBook.Nodes("other", 1, "USD", 1)), Facts.NOW);
    CostReport report = costing.report(new View.Everybody(), DAYS);
    assertThat(of(report, "harbor-books").uncostedUs()).isEqualTo(500_000);
    assertThat(report.pools()).extracting(PoolCost::pool).containsExactly("shared");
  }

  @Test
  void hoursThatAreKnownStayAndMissedOnesAreFilledIn() {
    Instant before = Facts.NOW.minus(Duration.ofHours(5));
    hours.keep(List.of(SHARED), before);
    HourBook.Nodes dearer = new HourBook.Nodes("shared", 3, "EUR", 9_000_000);
    hours.keep(List.of(dearer), Facts.NOW);
    hours.keep(List.of(dearer), Facts.NOW.plusSeconds(60));

    List<CostFacts.NodeHour> known = new PostgresCostFacts(ledger.database).nodes(DAYS);

    assertThat(known).hasSize(6);
    assertThat(known.getFirst().nodes()).isEqualTo(2);
    assertThat(known.subList(1, 6)).allMatch(hour -> hour.nodes() == 3);
  }

  @Test
  void itIsToldWhyATenantCostsMoreThanItPays() {
    List<UsageRecorded> facts = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      facts.add(Facts.usage(i, "harbor-books").setComputeUs(20_000).build());
      facts.add(
          Facts.usage(1_000 + i, "pixel-pirates")
              .setPrefillMs(400)
              .setDecodeMs(20)
              .setComputeUs(400_000)
              .setPreemptions(1)
              .putPreemptedBy(i % 5 == 0 ? "nordic-parcel" : "harbor-books", 1)
              .setOutcome(i % 2 == 0 ? Outcome.OUTCOME_LOST : Outcome.OUTCOME_COMPLETED)
              .build());
    }
    ledger.record(facts);
    hours.keep(List.of(new HourBook.Nodes("shared", 1, "EUR", 60_000_000)), Facts.NOW);

    CostReport report = costing.report(new View.Everybody(), DAYS);

    TenantCost dear = of(report, "pixel-pirates");
    assertThat(dear.margin("EUR").orElseThrow()).isNegative();
    assertThat(dear.reasons())
        .extracting(Reason::kind)
        .containsExactlyInAnyOrder(Kind.PREFILL, Kind.LOW_BATCHABILITY, Kind.PREEMPTION);
    assertThat(dear.reasons().stream().flatMap(reason -> reason.causes().stream()))
        .containsExactly(
            new Reason.Cause(HARBOR, 40), new Reason.Cause(new TenantId("nordic-parcel"), 10));
    assertThat(of(report, "harbor-books").reasons()).isEmpty();
  }

  @Test
  void theBillIsThatOfAnInvoiceAndATenantSeesItsOwnLineOnly() {
    ledger.record(Facts.random(4, 300));
    BigDecimal open = bill(costing.report(new View.Of(HARBOR), DAYS));
    BigDecimal invoiced = ledger.issued(HARBOR, DAYS).total();
    CostReport own = costing.report(new View.Of(HARBOR), DAYS);

    assertThat(open).isEqualTo(invoiced).isEqualTo(bill(own)).isPositive();
    assertThat(own.tenants()).extracting(TenantCost::tenant).containsExactly(HARBOR);
    assertThat(own.pools()).isEmpty();
    assertThat(own.tenants().getFirst().reasons()).isEmpty();
  }

  private static BigDecimal bill(CostReport report) {
    return report.tenants().getFirst().bills().getFirst().amount();
  }
}
