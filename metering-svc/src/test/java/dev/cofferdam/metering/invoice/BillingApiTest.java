package dev.cofferdam.metering.invoice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.TestLedger;
import dev.cofferdam.metering.api.HeavyWork;
import dev.cofferdam.metering.api.grpc.CallerViews;
import dev.cofferdam.metering.cost.CostRates;
import dev.cofferdam.metering.cost.Costing;
import dev.cofferdam.metering.cost.grpc.CostEndpoint;
import dev.cofferdam.metering.cost.postgres.PostgresCostFacts;
import dev.cofferdam.metering.focus.FocusRows;
import dev.cofferdam.metering.focus.grpc.FocusEndpoint;
import dev.cofferdam.metering.focus.parquet.FocusParquet;
import dev.cofferdam.metering.invoice.grpc.BillingEndpoint;
import dev.cofferdam.metering.invoice.grpc.InvoiceForms;
import dev.cofferdam.metering.invoice.pdf.InvoicePdf;
import dev.cofferdam.metering.pricing.kafka.ConfiguredRateBook;
import dev.cofferdam.proto.admin.v1.ModelRate;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.metering.v1.BillingServiceGrpc;
import dev.cofferdam.proto.metering.v1.BillingServiceGrpc.BillingServiceBlockingStub;
import dev.cofferdam.proto.metering.v1.CostServiceGrpc;
import dev.cofferdam.proto.metering.v1.DocumentFormat;
import dev.cofferdam.proto.metering.v1.DraftInvoiceRequest;
import dev.cofferdam.proto.metering.v1.ExportFocusRequest;
import dev.cofferdam.proto.metering.v1.FocusServiceGrpc;
import dev.cofferdam.proto.metering.v1.GetCostsRequest;
import dev.cofferdam.proto.metering.v1.GetCostsResponse;
import dev.cofferdam.proto.metering.v1.GetInvoiceRequest;
import dev.cofferdam.proto.metering.v1.IssueInvoiceRequest;
import dev.cofferdam.proto.metering.v1.IssueInvoiceResponse;
import dev.cofferdam.proto.metering.v1.ListInvoicesRequest;
import dev.cofferdam.proto.metering.v1.ListLineUsesRequest;
import dev.cofferdam.proto.metering.v1.TenantCost;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.wire.Statuses;
import io.grpc.Channel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bills over mutual TLS, on a real ledger. */
class BillingApiTest {
  private static final List<Violation> VIOLATIONS = new CopyOnWriteArrayList<>();

  @TempDir static Path folder;
  private static MeshServer server;
  private static MeshChannels harbor;
  private static MeshChannels operator;
  private static IssueInvoiceResponse ofHarbor;
  private static IssueInvoiceResponse ofPixel;

  @BeforeAll
  static void serve() {
    TestLedger ledger =
        new TestLedger(
            ConfiguredRateBook.card(
                RateCard.newBuilder()
                    .setId("default")
                    .setCurrency("EUR")
                    .addRates(
                        ModelRate.newBuilder()
                            .setInputMicrosPerMillion(200_000)
                            .setOutputMicrosPerMillion(800_000))
                    .build()));
    ledger.record(Facts.random(31, 300));
    TestPki pki = new TestPki(folder);
    TlsFiles own = pki.identity("metering", "spiffe://cofferdam.local/service/metering");
    CallerViews callers = new CallerViews(VIOLATIONS::add);
    HeavyWork work = new HeavyWork(3);
    server =
        MeshServer.builder("cofferdam.local", own)
            .service(
                new BillingEndpoint(
                    callers,
                    ledger.invoicing,
                    ledger.invoices,
                    new InvoiceForms(InvoiceCsv::of, InvoicePdf::of),
                    work))
            .service(
                new CostEndpoint(
                    callers,
                    new Costing(
                        new PostgresCostFacts(ledger.database),
                        ledger.charges,
                        new CostRates("EUR", 0, 0)),
                    work))
            .service(
                new FocusEndpoint(
                    callers,
                    new FocusRows(ledger.uses, ledger.charges, ledger.invoices, "Cofferdam"),
                    FocusParquet::new,
                    work))
            .start();
    harbor = new MeshChannels(pki.identity("h", "spiffe://cofferdam.local/tenant/harbor-books"));
    operator = new MeshChannels(pki.identity("o", "spiffe://cofferdam.local/operator/local"));
    ofHarbor = as(operator).issueInvoice(issue("harbor-books"));
    ofPixel = as(operator).issueInvoice(issue("pixel-pirates"));
  }

  @AfterAll
  static void stop() throws IOException {
    harbor.close();
    operator.close();
    server.close();
  }

  @BeforeEach
  void forget() {
    VIOLATIONS.clear();
  }

  private static IssueInvoiceRequest issue(String tenant) {
    return IssueInvoiceRequest.newBuilder()
        .setTenant(tenant)
        .setFromDay("2026-02-01")
        .setToDay("2026-03-01")
        .build();
  }

  private static Channel channel(MeshChannels channels) {
    return channels.to("127.0.0.1:" + server.port(), SpiffeId.Role.METERING);
  }

  private static BillingServiceBlockingStub as(MeshChannels channels) {
    return BillingServiceGrpc.newBlockingStub(channel(channels));
  }

  private static ErrorCode refusal(Runnable call) {
    return Statuses.toRefusal(catchThrowable(call::run)).code();
  }

  @Test
  void aTenantReadsItsOwnInvoicesInAllForms() {
    GetInvoiceRequest.Builder wanted =
        GetInvoiceRequest.newBuilder().setNumber(ofHarbor.getInvoice().getNumber());
    var json = as(harbor).getInvoice(wanted.build());
    var pdf = as(harbor).getInvoice(wanted.setFormat(DocumentFormat.DOCUMENT_FORMAT_PDF).build());
    var csv = as(harbor).getInvoice(wanted.setFormat(DocumentFormat.DOCUMENT_FORMAT_CSV).build());

    assertThat(json.getDocument().toStringUtf8()).contains("\"tenant\": \"harbor-books\"");
    assertThat(json.getContentSha256()).isEqualTo(ofHarbor.getContentSha256());
    assertThat(pdf.getDocument().toString(StandardCharsets.ISO_8859_1)).startsWith("%PDF-");
    assertThat(csv.getDocument().toStringUtf8()).startsWith("invoice,tenant,");
    assertThat(as(harbor).listInvoices(ListInvoicesRequest.getDefaultInstance()).getInvoicesList())
        .hasSize(1);
    assertThat(
            as(operator).listInvoices(ListInvoicesRequest.getDefaultInstance()).getInvoicesList())
        .hasSize(2);
  }

  @Test
  void theUsesOfALineAddUpToIt() {
    var line = ofHarbor.getInvoice().getLines(0);
    var uses =
        as(harbor)
            .listLineUses(
                ListLineUsesRequest.newBuilder()
                    .setNumber(ofHarbor.getInvoice().getNumber())
                    .setLine(1)
                    .build());
    assertThat(uses.getMore()).isFalse();
    assertThat(uses.getUsesList().stream().mapToLong(use -> use.getUnits()).sum())
        .isEqualTo(line.getUnits());
  }

  @Test
  void aLineOfADraftLeadsToItsUsesToo() {
    // The days behind the invoice's: what is issued is no draft any more.
    ListLineUsesRequest wanted =
        ListLineUsesRequest.newBuilder()
            .setLine(1)
            .setFromDay("2026-03-01")
            .setToDay("2026-03-05")
            .build();
    var draft =
        as(harbor)
            .draftInvoice(
                DraftInvoiceRequest.newBuilder()
                    .setFromDay(wanted.getFromDay())
                    .setToDay(wanted.getToDay())
                    .build())
            .getInvoice();

    var uses = as(harbor).listLineUses(wanted);

    assertThat(uses.getLine()).isEqualTo(draft.getLines(0));
    assertThat(uses.getUsesList().stream().mapToLong(use -> use.getUnits()).sum())
        .isEqualTo(draft.getLines(0).getUnits())
        .isPositive();
    assertThat(
            refusal(
                () ->
                    as(harbor).listLineUses(wanted.toBuilder().setTenant("pixel-pirates").build())))
        .isEqualTo(ErrorCode.IDENTITY_MISMATCH);
  }

  @Test
  void anotherTenantsInvoiceIsAsIfItWereNotThereAndTheAttemptIsRecorded() {
    long foreign = ofPixel.getInvoice().getNumber();
    assertThat(
            refusal(
                () ->
                    as(harbor)
                        .getInvoice(GetInvoiceRequest.newBuilder().setNumber(foreign + 7).build())))
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(VIOLATIONS).isEmpty();
    assertThat(
            refusal(
                () ->
                    as(harbor)
                        .getInvoice(GetInvoiceRequest.newBuilder().setNumber(foreign).build())))
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(
            refusal(
                () ->
                    as(harbor)
                        .listLineUses(
                            ListLineUsesRequest.newBuilder()
                                .setNumber(foreign)
                                .setLine(1)
                                .build())))
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(VIOLATIONS)
        .extracting(Violation::method)
        .containsExactly("GetInvoice", "ListLineUses");
  }

  @Test
  void askingForAnotherTenantsIsRefusedAndRecorded() {
    List<Runnable> crossings =
        List.of(
            () ->
                as(harbor)
                    .draftInvoice(
                        DraftInvoiceRequest.newBuilder()
                            .setTenant("pixel-pirates")
                            .setFromDay("2026-03-01")
                            .setToDay("2026-03-02")
                            .build()),
            () ->
                as(harbor)
                    .listInvoices(
                        ListInvoicesRequest.newBuilder().setTenant("pixel-pirates").build()),
            () ->
                CostServiceGrpc.newBlockingStub(channel(harbor))
                    .getCosts(GetCostsRequest.newBuilder().setTenant("pixel-pirates").build()),
            () ->
                FocusServiceGrpc.newBlockingStub(channel(harbor))
                    .exportFocus(ExportFocusRequest.newBuilder().setTenant("pixel-pirates").build())
                    .next());
    for (Runnable crossing : crossings) {
      assertThat(refusal(crossing)).isEqualTo(ErrorCode.IDENTITY_MISMATCH);
    }
    assertThat(VIOLATIONS)
        .extracting(Violation::method)
        .containsExactly("DraftInvoice", "ListInvoices", "GetCosts", "ExportFocus");
    assertThat(VIOLATIONS).allMatch(v -> v.tenant().value().equals("harbor-books"));
  }

  @Test
  void onlyOperatorsIssueAndNoDayTwice() {
    assertThat(refusal(() -> as(harbor).issueInvoice(issue("harbor-books"))))
        .isEqualTo(ErrorCode.CALL_NOT_ALLOWED);
    assertThat(refusal(() -> as(operator).issueInvoice(issue("harbor-books"))))
        .isEqualTo(ErrorCode.FAILED_PRECONDITION);
  }

  @Test
  void aTenantSeesItsOwnLineOfTheCostsAndNoPool() {
    GetCostsRequest days =
        GetCostsRequest.newBuilder().setFromDay("2026-02-01").setToDay("2026-03-02").build();
    GetCostsResponse own = CostServiceGrpc.newBlockingStub(channel(harbor)).getCosts(days);
    GetCostsResponse all = CostServiceGrpc.newBlockingStub(channel(operator)).getCosts(days);
    assertThat(own.getTenantsList())
        .extracting(TenantCost::getTenant)
        .containsExactly("harbor-books");
    assertThat(own.getPoolsList()).isEmpty();
    assertThat(all.getTenantsList()).hasSize(3);
  }

  @Test
  void moreHeavyQueriesThanMayRunAtOnceAreRefused() {
    HeavyWork one = new HeavyWork(1);
    assertThat(refusal(() -> one.run(() -> one.run(() -> "nothing"))))
        .isEqualTo(ErrorCode.QUEUE_FULL);
    assertThat(one.run(() -> "free again")).isEqualTo("free again");
  }

  @Test
  void anExportComesInPiecesOfOneFile() {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    FocusServiceGrpc.newBlockingStub(channel(harbor))
        .exportFocus(
            ExportFocusRequest.newBuilder().setFromDay("2026-02-01").setToDay("2026-03-02").build())
        .forEachRemaining(piece -> file.writeBytes(piece.getChunk().toByteArray()));
    assertThat(file.toString(StandardCharsets.UTF_8).lines().skip(1))
        .isNotEmpty()
        .allMatch(row -> row.contains("harbor-books"))
        .noneMatch(row -> row.contains("pixel-pirates"));
  }
}
