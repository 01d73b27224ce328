package dev.cofferdam.metering.invoice;

import static dev.cofferdam.metering.TestLedger.days;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.TestLedger;
import dev.cofferdam.metering.invoice.Invoice.Line;
import dev.cofferdam.metering.invoice.Invoicing.LineUse;
import dev.cofferdam.metering.invoice.json.JsonDocuments;
import dev.cofferdam.metering.invoice.pdf.InvoicePdf;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Money;
import dev.cofferdam.metering.pricing.Prices;
import dev.cofferdam.metering.pricing.RateCard;
import dev.cofferdam.metering.pricing.Step;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.vocabulary.TenantId;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.text.PDFTextStripper;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Invoices over a real ledger. */
class InvoicingTest {
  private static final TenantId HARBOR = new TenantId("harbor-books");
  private static final Days FEBRUARY_ON = days("2026-02-20", "2026-03-01");
  private static final Days MARCH_1 = days("2026-03-01", "2026-03-02");
  private static final Instant CHANGE = Instant.parse("2026-02-28T00:00:00Z");

  private TestLedger ledger;
  private Invoices invoices;
  private Invoicing invoicing;

  @BeforeEach
  void open() {
    ledger = new TestLedger(card());
    invoices = ledger.invoices;
    invoicing = ledger.invoicing;
  }

  /** Steps that the facts of a day cross, and prices that change within the days. */
  private static RateCard card() {
    List<Step> steps = List.of(new Step(0, 800_000), new Step(5_000, 500_000));
    Map<Meter, List<Step>> before =
        Map.of(
            Meter.INPUT_TOKENS, List.of(new Step(0, 200_000)),
            Meter.CACHED_INPUT_TOKENS, List.of(new Step(0, 50_000)),
            Meter.OUTPUT_TOKENS, steps,
            Meter.GPU_SECONDS, List.of(new Step(0, 0), new Step(20_000_000, 2_000_000)));
    Map<Meter, List<Step>> after =
        Map.of(
            Meter.OUTPUT_TOKENS, List.of(new Step(0, 900_000), new Step(6_000, 400_000)),
            Meter.REQUESTS, List.of(new Step(0, 7_000)));
    return new RateCard(
        "default",
        3,
        "EUR",
        List.of(
            new Prices(Instant.EPOCH, Map.of("", before)), new Prices(CHANGE, Map.of("", after))));
  }

  private void record(List<UsageRecorded> facts) {
    ledger.record(facts);
  }

  private Invoice issued(Days days) {
    return ledger.issued(HARBOR, days);
  }

  @Test
  void anInvoiceSaysWhatTheEventsSayAndEachLineIsTheSumOfItsEvents() {
    List<UsageRecorded> facts = Facts.random(5, 400);
    record(facts);

    Invoice invoice = issued(FEBRUARY_ON);

    List<UsageRecorded> own =
        facts.stream()
            .filter(f -> f.getTenant().equals(HARBOR.value()))
            .filter(f -> f.getEndedEpochMs() < FEBRUARY_ON.end().toEpochMilli())
            .toList();
    assertThat(units(invoice, Meter.OUTPUT_TOKENS))
        .isEqualTo(own.stream().mapToLong(UsageRecorded::getOutputTokens).sum());
    assertThat(units(invoice, Meter.CACHED_INPUT_TOKENS))
        .isEqualTo(
            own.stream()
                .filter(f -> f.getEndedEpochMs() < CHANGE.toEpochMilli())
                .mapToLong(UsageRecorded::getCachedPromptTokens)
                .sum());
    assertThat(invoice.lines()).anyMatch(line -> line.charge().above() == 6_000);
    for (Line line : invoice.lines()) {
      List<LineUse> uses = invoicing.lineUses(invoice, line, 0, Integer.MAX_VALUE);
      assertThat(uses.stream().mapToLong(LineUse::units).sum()).isEqualTo(line.units());
      assertThat(uses)
          .allMatch(use -> own.stream().anyMatch(f -> use.id().startsWith(f.getRequestId())));
    }
    assertThat(invoice.total())
        .isEqualTo(invoice.lines().stream().map(Line::amount).reduce(Money.ZERO, BigDecimal::add))
        .isGreaterThan(BigDecimal.ZERO);
  }

  @Test
  void aLinesEventsComeByPages() {
    record(Facts.random(6, 200));
    Invoice invoice = issued(FEBRUARY_ON);
    Line line = invoice.lines().getFirst();

    List<LineUse> all = invoicing.lineUses(invoice, line, 0, Integer.MAX_VALUE);
    List<LineUse> pages = new ArrayList<>();
    for (List<LineUse> page = null; page == null || !page.isEmpty(); ) {
      page = invoicing.lineUses(invoice, line, pages.size(), 3);
      pages.addAll(page);
    }

    assertThat(pages).isEqualTo(all).hasSizeGreaterThan(3);
  }

  @Test
  void whatComesLateIsALineOfItsOwnOnTheNextInvoiceAndNeverTwice() {
    record(Facts.random(7, 300));
    Invoice first = issued(FEBRUARY_ON);
    List<UsageRecorded> late = Facts.random(8, 100);
    record(late);

    Invoice second = issued(MARCH_1);
    Invoice third = issued(days("2026-03-02", "2026-03-03"));

    List<Line> corrections =
        second.lines().stream().filter(line -> line.corrects() == first.number()).toList();
    long expected =
        late.stream()
            .filter(f -> f.getTenant().equals(HARBOR.value()))
            .filter(f -> f.getEndedEpochMs() < FEBRUARY_ON.end().toEpochMilli())
            .mapToLong(UsageRecorded::getOutputTokens)
            .sum();
    assertThat(
            corrections.stream()
                .filter(line -> line.charge().meter() == Meter.OUTPUT_TOKENS)
                .mapToLong(Line::units)
                .sum())
        .isEqualTo(expected)
        .isPositive();
    for (Line line : corrections) {
      assertThat(
              invoicing.lineUses(second, line, 0, Integer.MAX_VALUE).stream()
                  .mapToLong(LineUse::units)
                  .sum())
          .isEqualTo(line.units());
    }
    assertThat(third.lines()).isEmpty();
    assertThat(invoices.find(new View.Of(HARBOR), first.number()).orElseThrow().invoice())
        .isEqualTo(first);
  }

  @Test
  void theSameEventsCostTheSameWhetherTheyComeLateOrNot() {
    List<UsageRecorded> facts =
        Facts.random(9, 300).stream()
            .filter(f -> f.getEndedEpochMs() < CHANGE.toEpochMilli())
            .toList();
    record(facts.subList(0, facts.size() / 2));
    Invoice first = issued(FEBRUARY_ON);
    record(facts.subList(facts.size() / 2, facts.size()));
    Invoice second = issued(MARCH_1);

    open();
    record(facts);
    Invoice whole = issued(FEBRUARY_ON);

    long parts = steps(first) + steps(second);
    assertThat(parts).isEqualTo(steps(whole)).isPositive();
    assertThat(units(first, Meter.OUTPUT_TOKENS) + units(second, Meter.OUTPUT_TOKENS))
        .isEqualTo(units(whole, Meter.OUTPUT_TOKENS));
  }

  private static long steps(Invoice invoice) {
    return invoice.lines().stream()
        .filter(line -> line.charge().meter() == Meter.OUTPUT_TOKENS)
        .filter(line -> line.charge().above() > 0)
        .mapToLong(Line::units)
        .sum();
  }

  @Test
  void aDayIsOnOneInvoiceOnlyAndOnNoneBeforeItIsOver() {
    issued(MARCH_1);
    assertThat(invoicing.issue(HARBOR, days("2026-02-01", "2026-04-01")))
        .isEqualTo(new Issue.Overlapping(1));
    assertThat(invoicing.draft(HARBOR, MARCH_1)).isEqualTo(new Issue.Overlapping(1));
    assertThat(invoicing.issue(HARBOR, days("2026-03-31", "2026-04-02")))
        .isEqualTo(new Issue.NotOver());
  }

  @Test
  void numbersHaveNoGapsWhoeverIssuesAtTheSameTime()
      throws InterruptedException, ExecutionException {
    record(Facts.random(10, 60));
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<Issue>> all = new ArrayList<>();
      for (int day = 1; day <= 6; day++) {
        for (String name : List.of("harbor-books", "pixel-pirates")) {
          Days days = new Days(LocalDate.of(2026, 3, day), LocalDate.of(2026, 3, day + 1));
          all.add(threads.submit(() -> invoicing.issue(new TenantId(name), days)));
        }
      }
      long made = 0;
      for (Future<Issue> one : all) {
        made += one.get() instanceof Issue.Issued ? 1 : 0;
      }
      List<Long> numbers =
          invoices.list(new View.Everybody(), 0, 100).stream()
              .map(stored -> stored.invoice().number())
              .toList();
      assertThat(numbers)
          .hasSize((int) made)
          .isEqualTo(java.util.stream.LongStream.rangeClosed(1, made).boxed().toList())
          .isNotEmpty();
    }
  }

  @Test
  void anIssuedInvoiceCannotBeChangedOrSeenByOthers() {
    Invoice invoice = issued(MARCH_1);
    for (String change :
        List.of("update invoices set total = 0", "delete from invoices", "truncate invoices")) {
      assertThat(catchThrowable(() -> execute(change))).hasMessageContaining("append-only");
    }
    assertThat(invoices.find(new View.Of(new TenantId("pixel-pirates")), invoice.number()))
        .isEmpty();
    assertThat(invoices.find(new View.Everybody(), invoice.number())).isPresent();
  }

  @Test
  void itsDocumentsAreTheSameBytesEachTime() throws IOException {
    record(Facts.random(11, 300));
    long number = issued(FEBRUARY_ON).number();
    Invoices.Stored one = invoices.find(new View.Everybody(), number).orElseThrow();
    Invoices.Stored again = invoices.find(new View.Everybody(), number).orElseThrow();

    assertThat(again.document()).isEqualTo(one.document());
    assertThat(new JsonDocuments().write(one.invoice())).isEqualTo(one.document());
    assertThat(InvoicePdf.of(again)).isEqualTo(InvoicePdf.of(one));
    assertThat(InvoiceCsv.of(one.invoice()).lines()).hasSize(one.invoice().lines().size() + 1);
    assertThat(new String(one.document(), StandardCharsets.UTF_8))
        .contains("\"total\": \"" + one.invoice().total().toPlainString() + "\"");
    try (var pdf = Loader.loadPDF(InvoicePdf.of(one))) {
      assertThat(new PDFTextStripper().getText(pdf))
          .contains("Invoice 1", "Tenant: harbor-books", one.sha256())
          .contains("Total: " + one.invoice().total().toPlainString() + " EUR");
    }
  }

  private static long units(Invoice invoice, Meter meter) {
    return invoice.lines().stream()
        .filter(line -> line.charge().meter() == meter)
        .mapToLong(Line::units)
        .sum();
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = ledger.database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
