package dev.cofferdam.metering.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.mesh.web.Browser;
import dev.cofferdam.mesh.web.WebServer;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.TestLedger;
import dev.cofferdam.metering.api.HeavyWork;
import dev.cofferdam.metering.cost.CostRates;
import dev.cofferdam.metering.cost.Costing;
import dev.cofferdam.metering.cost.HourBook;
import dev.cofferdam.metering.cost.postgres.PostgresCostFacts;
import dev.cofferdam.metering.cost.postgres.PostgresHourBook;
import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.invoice.pdf.InvoicePdf;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Prices;
import dev.cofferdam.metering.pricing.RateCard;
import dev.cofferdam.metering.pricing.Step;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.text.PDFTextStripper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pages over mutual TLS, on a real ledger. */
class FinopsPagesTest {
  private static final TenantId HARBOR = new TenantId("harbor-books");
  private static final TenantId PIXEL = new TenantId("pixel-pirates");
  private static final String MARCH = "/?from=2026-02-26&to=2026-03-02";
  private static final List<Violation> VIOLATIONS = new CopyOnWriteArrayList<>();

  @TempDir static Path folder;
  private static WebServer server;
  private static TestPki pki;
  private static long ofHarbor;
  private static long ofPixel;
  private static int hostileLine;

  @BeforeAll
  static void serve() {
    TestLedger ledger =
        new TestLedger(
            new RateCard(
                "default",
                1,
                "EUR",
                List.of(
                    new Prices(
                        Instant.EPOCH,
                        Map.of("", Map.of(Meter.OUTPUT_TOKENS, List.of(new Step(0, 800_000))))))));
    ledger.record(Facts.random(41, 200));
    ledger.record(
        List.of(Facts.usage(7, HARBOR.value()).setAdapter("<script>alert(1)</script>").build()));
    new PostgresHourBook(ledger.database)
        .keep(List.of(new HourBook.Nodes("shared", 1, "EUR", 1_000_000)), Facts.NOW);
    Invoice invoice = ledger.issued(HARBOR, TestLedger.days("2026-02-26", "2026-03-02"));
    ofHarbor = invoice.number();
    hostileLine =
        invoice.lines().stream()
            .filter(line -> line.charge().adapter().contains("script"))
            .findFirst()
            .orElseThrow()
            .number();
    ofPixel = ledger.issued(PIXEL, TestLedger.days("2026-02-26", "2026-03-02")).number();
    FinopsPages pages =
        new FinopsPages(
            new Costing(
                new PostgresCostFacts(ledger.database), ledger.charges, new CostRates("EUR", 0, 0)),
            ledger.charges,
            ledger.invoicing,
            ledger.invoices,
            InvoicePdf::of,
            view -> List.of(new BudgetLine(HARBOR, "daily_tokens", 1_000, 850, false)),
            VIOLATIONS::add,
            new HeavyWork(3),
            () -> Facts.NOW);
    pki = new TestPki(folder);
    server =
        WebServer.start(
            "cofferdam.local",
            pki.identity("metering", "spiffe://cofferdam.local/service/metering"),
            Set.of(SpiffeId.Role.TENANT, SpiffeId.Role.OPERATOR),
            "127.0.0.1",
            0,
            pages,
            pages::refused);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void forget() {
    VIOLATIONS.clear();
  }

  private static HttpResponse<String> get(String identity, String path) throws Exception {
    TlsFiles files =
        pki.identity(identity.replace('/', '-'), "spiffe://cofferdam.local/" + identity);
    try (JdkTls tls = JdkTls.client(files, SpiffeId.Role.METERING);
        HttpClient client = HttpClient.newBuilder().sslContext(tls.context()).build()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + path)).build(),
          BodyHandlers.ofString());
    }
  }

  @Test
  void anOperatorSeesTenantsPoolsAndWhatIsIdle() throws Exception {
    HttpResponse<String> page = get("operator/local", MARCH);
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body())
        .contains("harbor-books", "pixel-pirates", "Idle", "<td>shared</td>")
        .contains("Attention:</strong> harbor-books has spent 85 % of daily_tokens");
    assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
        .contains("default-src 'none'");
  }

  @Test
  void aTenantSeesItsOwnAndNothingOfThePools() throws Exception {
    HttpResponse<String> page = get("tenant/harbor-books", MARCH);
    assertThat(page.body())
        .contains("harbor-books")
        .doesNotContain("pixel-pirates", "nordic-parcel", "Idle");
    assertThat(get("tenant/harbor-books", "/invoices").body())
        .contains("/invoices/" + ofHarbor)
        .doesNotContain("/invoices/" + ofPixel + "\"");
    assertThat(get("tenant/harbor-books", "/invoices/" + ofPixel).statusCode()).isEqualTo(404);
    assertThat(VIOLATIONS)
        .as("only of the invoice by its number")
        .extracting(Violation::tenant)
        .containsExactly(HARBOR);
  }

  @Test
  void askingForAnotherTenantIsRefusedAndRecorded() throws Exception {
    HttpResponse<String> page = get("tenant/harbor-books", MARCH + "&tenant=pixel-pirates");
    assertThat(page.statusCode()).isEqualTo(403);
    assertThat(page.body()).doesNotContain("pixel-pirates");
    assertThat(VIOLATIONS).extracting(Violation::tenant).containsExactly(HARBOR);
    assertThat(get("service/worker/w1", MARCH).statusCode()).isEqualTo(403);
  }

  @Test
  void linesLeadToTheirEventsAndNothingIsMarkup() throws Exception {
    String invoice = get("tenant/harbor-books", "/invoices/" + ofHarbor).body();
    assertThat(invoice)
        .contains("&lt;script&gt;alert(1)&lt;/script&gt;")
        .doesNotContain("<script>");
    assertThat(get("tenant/harbor-books", "/invoices/" + ofHarbor + "/lines/" + hostileLine).body())
        .contains(Facts.request(7).value() + ":1:0");
    HttpResponse<String> pdf = get("tenant/harbor-books", "/invoices/" + ofHarbor + ".pdf");
    assertThat(pdf.headers().firstValue("Content-Type")).contains("application/pdf");
    assertThat(pdf.body()).startsWith("%PDF-");
  }

  @Test
  void whatIsNoDayIsRefused() throws Exception {
    assertThat(get("operator/local", "/?from=2026-03-09&to=2026-03-01").statusCode())
        .isEqualTo(400);
    assertThat(get("operator/local", "/?from=2020-01-01&to=2029-01-01").statusCode())
        .isEqualTo(400);
    assertThat(get("operator/local", "/nothing").statusCode()).isEqualTo(404);
  }

  @Test
  void inChromiumACertificateAndAKeyboardAreEnoughAndPagesPrint() throws Exception {
    assumeTrue(Browser.missing().isEmpty(), () -> "not here: " + Browser.missing());
    String origin = "https://127.0.0.1:" + server.port();
    try (Browser browser =
        Browser.open(
            Files.createDirectory(folder.resolve("browser")),
            pki.identity("browser", "spiffe://cofferdam.local/operator/local"),
            origin)) {
      browser.open(URI.create(origin + MARCH));
      assertThat(browser.value("[...document.querySelectorAll('caption')].map(c => c.innerText)"))
          .contains("Token bill beside measured cost, in EUR", "Nodes that are paid for, in EUR");
      assertThat(browser.value("getComputedStyle(document.querySelector('td.number')).textAlign"))
          .as("the style is applied")
          .isEqualTo("right");
      assertThat(browser.value("document.documentElement.scrollWidth <= innerWidth"))
          .as("nothing stands beyond the edge")
          .isEqualTo("true");
      try (PDDocument printed = Loader.loadPDF(browser.print())) {
        assertThat(new PDFTextStripper().getText(printed))
            .contains("harbor-books", "Nodes that are paid for, in EUR")
            .doesNotContain("To the content", "Show");
      }
      List<String> way = new ArrayList<>();
      do {
        browser.press("Tab");
        way.add(browser.value("document.activeElement.name || document.activeElement.innerText"));
      } while (!way.getLast().equals("tenant"));
      assertThat(way)
          .containsExactly("To the content", "Costs", "Invoices", "from", "to", "tenant");
      browser.type("pixel-pirates");
      browser.press("Enter");
      browser.await("location.search.includes('tenant=pixel-pirates')");
      assertThat(browser.value("document.querySelector('main').innerText"))
          .contains("pixel-pirates")
          .doesNotContain("nordic-parcel");
      browser.open(URI.create(origin + "/invoices"));
      follow(browser, String.valueOf(ofHarbor), "'/invoices/" + ofHarbor + "'");
      follow(browser, String.valueOf(hostileLine), "'/lines/" + hostileLine + "'");
      assertThat(browser.value("document.querySelector('main').innerText"))
          .contains(Facts.request(7).value());
    }
  }

  /** Goes from link to link until the one of a text, and through it. */
  private static void follow(Browser browser, String text, String to) throws Exception {
    do {
      browser.press("Tab");
    } while (!browser.value("document.activeElement.innerText.trim()").equals(text));
    browser.press("Enter");
    browser.await("location.pathname.endsWith(" + to + ")");
  }
}
