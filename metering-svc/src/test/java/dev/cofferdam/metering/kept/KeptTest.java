package dev.cofferdam.metering.kept;

import static dev.cofferdam.mesh.postgres.TestDatabase.number;
import static dev.cofferdam.mesh.postgres.TestDatabase.rows;
import static dev.cofferdam.metering.TestLedger.days;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.kafka.KeptFacts;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.TestLedger;
import dev.cofferdam.metering.cost.CostRates;
import dev.cofferdam.metering.cost.CostReport.TenantCost;
import dev.cofferdam.metering.cost.Costing;
import dev.cofferdam.metering.cost.postgres.PostgresCostFacts;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.invoice.Invoice.Line;
import dev.cofferdam.metering.invoice.Invoicing.LineUse;
import dev.cofferdam.metering.kept.kafka.KeptIntake;
import dev.cofferdam.metering.kept.postgres.PostgresKeptBook;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Prices;
import dev.cofferdam.metering.pricing.RateCard;
import dev.cofferdam.metering.pricing.Step;
import dev.cofferdam.proto.events.v1.KeptRecorded;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Events;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** From what services tell to the lines of invoices. */
class KeptTest {
  private static final TenantId HARBOR = new TenantId("harbor-books");
  private static final Days FEBRUARY_28 = days("2026-02-28", "2026-03-01");
  private static final Days MARCH_1 = days("2026-03-01", "2026-03-02");
  private static final Instant THEN = Instant.parse("2026-02-28T10:00:00Z");
  private static final long GIB = 1L << 30;

  private final List<RejectedFact> rejected = new ArrayList<>();
  private TestLedger ledger;
  private KeptIntake intake;
  private long offset;

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
                        Map.of(
                            "",
                            Map.of(
                                Meter.STORAGE_GIB_HOURS, List.of(new Step(0, 200_000)),
                                Meter.ADAPTER_HOURS, List.of(new Step(0, 50_000))))))));
    intake =
        new KeptIntake(
            "kept", new PostgresKeptBook(ledger.database), () -> Facts.NOW, rejected::add);
    intake.claim(Set.of(0));
  }

  private static KeptRecorded.Builder storage(Instant hour, long bytes) {
    return KeptRecorded.newBuilder()
        .setTenant(HARBOR.value())
        .setKind("storage")
        .setKeeper("db1")
        .setName("documents")
        .setHourEpochMs(hour.toEpochMilli())
        .setBytes(bytes);
  }

  private static KeptRecorded.Builder adapter(Instant hour) {
    return storage(hour, 400).setKind("adapter").setKeeper("").setModel("m").setName("books");
  }

  private void store(KeptRecorded.Builder... facts) {
    List<byte[]> values = new ArrayList<>();
    for (KeptRecorded.Builder fact : facts) {
      values.add(Events.encode("id", "/cofferdam/x", KeptFacts.TYPE, THEN, Map.of(), fact.build()));
    }
    intake.store(Facts.in(0, offset, values));
    offset += facts.length;
  }

  private static Line line(Invoice invoice, Meter meter) {
    return invoice.lines().stream()
        .filter(line -> line.charge().meter() == meter)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void storageAndAdaptersAreLinesOfTheInvoiceThatLeadToTheirHours() {
    store(
        storage(THEN, 3 * GIB),
        storage(THEN, GIB).setName("requests"),
        storage(THEN.plus(1, ChronoUnit.HOURS), 2 * GIB),
        adapter(THEN),
        adapter(THEN.plus(1, ChronoUnit.HOURS)));

    Invoice invoice = ledger.issued(HARBOR, FEBRUARY_28);

    Line stored = line(invoice, Meter.STORAGE_GIB_HOURS);
    assertThat(stored.units()).isEqualTo(6 * GIB);
    assertThat(stored.amount()).isEqualByComparingTo("1.2");
    assertThat(line(invoice, Meter.ADAPTER_HOURS).amount()).isEqualByComparingTo("0.1");
    assertThat(ledger.invoicing.lineUses(invoice, stored, 0, 10))
        .extracting(LineUse::id)
        .containsExactly(
            "storage:documents@db1:2026-02-28T10:00:00Z",
            "storage:requests@db1:2026-02-28T10:00:00Z",
            "storage:documents@db1:2026-02-28T11:00:00Z");
    TenantCost cost =
        new Costing(
                new PostgresCostFacts(ledger.database),
                ledger.charges,
                new CostRates("EUR", 10_000, 5_000))
            .report(new View.Everybody(), FEBRUARY_28)
            .tenants()
            .getFirst();
    assertThat(cost.storage()).isEqualByComparingTo("0.03");
    assertThat(cost.adapters()).isEqualByComparingTo("0.02");
  }

  @Test
  void ofTwoGatewaysAtOneDatabaseTheFirstWordCountsAndTwoDatabasesCountApart() {
    store(storage(THEN, 5), storage(THEN, 7), adapter(THEN), adapter(THEN));
    store(storage(THEN, 9), storage(THEN, 100).setKeeper("db2"));
    assertThat(
            rows(
                ledger.database,
                "select kind, keeper, bytes from kept_hours order by kind, keeper"))
        .isEqualTo(
            rows(
                ledger.database,
                "values ('adapter', '', 400::bigint), ('storage', 'db1', 5), ('storage', 'db2', 100)"));
  }

  @Test
  void anHourThatIsToldLateIsACorrectionOnTheNextInvoice() {
    store(storage(THEN, GIB));
    assertThat(line(ledger.issued(HARBOR, FEBRUARY_28), Meter.STORAGE_GIB_HOURS).units())
        .isEqualTo(GIB);
    store(storage(THEN, 8 * GIB), storage(THEN.plus(5, ChronoUnit.HOURS), 2 * GIB));

    Invoice next = ledger.issued(HARBOR, MARCH_1);

    assertThat(line(next, Meter.STORAGE_GIB_HOURS).corrects()).isEqualTo(1);
    assertThat(line(next, Meter.STORAGE_GIB_HOURS).units()).isEqualTo(2 * GIB);
  }

  @Test
  void whatDoesNotHoldIsRejectedAndHoldsNothingUp() {
    store(
        storage(THEN, -1),
        storage(THEN.plusMillis(1), 1),
        storage(Facts.NOW.plus(2, ChronoUnit.HOURS).truncatedTo(ChronoUnit.HOURS), 1),
        storage(THEN, 1).setKind("attic"),
        storage(THEN, 1).setTenant(""),
        storage(THEN, 1).setName("a\u0000b"),
        storage(THEN, 1));
    intake.store(Facts.in(0, offset, List.of(new byte[] {1, 2, 3})));

    assertThat(rejected).hasSize(7);
    assertThat(number(ledger.database, "select count(*) from rejected_events")).isEqualTo(7);
    assertThat(number(ledger.database, "select count(*) from kept_hours")).isEqualTo(1);
    assertThat(
            number(
                ledger.database, "select next_offset from consumer_offsets where topic = 'kept'"))
        .isEqualTo(8);
  }
}
