package dev.cofferdam.metering;

import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.metering.invoice.BilledUse;
import dev.cofferdam.metering.invoice.DailyCharges;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.invoice.Invoices;
import dev.cofferdam.metering.invoice.Invoicing;
import dev.cofferdam.metering.invoice.Issue;
import dev.cofferdam.metering.invoice.json.JsonDocuments;
import dev.cofferdam.metering.invoice.postgres.PostgresBilledUse;
import dev.cofferdam.metering.invoice.postgres.PostgresInvoices;
import dev.cofferdam.metering.ledger.SilentListener;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import dev.cofferdam.metering.pricing.RateBook;
import dev.cofferdam.metering.pricing.RateCard;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;

/** A ledger of its own, with what bills are made by. The clock stands still, after the facts. */
public final class TestLedger {
  public static final Instant LATER = Instant.parse("2026-04-01T00:00:00Z");

  public final DataSource database = TestDatabase.create();
  public final Invoices invoices = new PostgresInvoices(database, new JsonDocuments());
  public final BilledUse uses = new PostgresBilledUse(database);
  public final RateBook rates;
  public final Invoicing invoicing;
  public final DailyCharges charges;
  private final LedgerIntake intake;
  private long offset;

  public TestLedger(RateCard card) {
    rates = tenant -> Optional.of(card);
    invoicing = new Invoicing(rates, uses, invoices, () -> LATER);
    charges = new DailyCharges(rates, uses, invoices);
    intake =
        new LedgerIntake(
            "usage", new PostgresLedger(database), () -> Facts.NOW, new SilentListener());
    intake.claim(Set.of(0));
  }

  /** Days from texts. */
  public static Days days(String from, String to) {
    return new Days(LocalDate.parse(from), LocalDate.parse(to));
  }

  /** Brings facts into the ledger. */
  public void record(List<UsageRecorded> facts) {
    intake.store(Facts.in(0, offset, facts.stream().map(Facts::bytes).toList()));
    offset += facts.size();
  }

  /** Issues an invoice, which must succeed. */
  public Invoice issued(TenantId tenant, Days days) {
    return ((Issue.Issued) invoicing.issue(tenant, days)).stored().invoice();
  }
}
