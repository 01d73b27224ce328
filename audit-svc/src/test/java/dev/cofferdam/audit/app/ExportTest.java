package dev.cofferdam.audit.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cofferdam.audit.Facts;
import dev.cofferdam.audit.TestLog;
import dev.cofferdam.audit.api.Archive;
import dev.cofferdam.audit.api.Reports;
import dev.cofferdam.audit.api.web.AuditPages;
import dev.cofferdam.audit.api.web.LogFiles;
import dev.cofferdam.audit.log.postgres.PostgresCosignatures;
import dev.cofferdam.audit.log.postgres.PostgresLogCopy;
import dev.cofferdam.audit.log.postgres.PostgresLogFacts;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.audit.publication.Publication;
import dev.cofferdam.audit.publication.TileBytes;
import dev.cofferdam.audit.witness.Cosigning;
import dev.cofferdam.audit.witness.TestWitness;
import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.mesh.web.Browser;
import dev.cofferdam.mesh.web.WebServer;
import dev.cofferdam.proto.events.v1.Severity;
import dev.cofferdam.vocabulary.SpiffeId.Role;
import dev.cofferdam.vocabulary.TenantId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.text.PDFTextStripper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log is published over HTTPS, fetched, and verified without the service. */
class ExportTest {
  private static final String FOCUS = "document.activeElement";

  /** One heading, a language, a name for each table and field, nothing wider than the window. */
  private static final String READABLE =
      "document.documentElement.lang == 'en' && document.querySelectorAll('h1').length == 1"
          + " && [...document.querySelectorAll('table')].every(t => t.caption)"
          + " && [...document.querySelectorAll('input, select')].every(i => i.labels.length == 1)"
          + " && document.documentElement.scrollWidth <= window.innerWidth"
          + " && document.styleSheets[0].cssRules.length > 0";

  private static final int SIZE = 700;
  private static final String OPERATOR = "spiffe://test.example/operator/ann";

  @TempDir Path folder;
  private final TestLog log = new TestLog();
  private final List<Violation> violations = new CopyOnWriteArrayList<>();
  private TestWitness witness;
  private TestPki pki;
  private WebServer server;

  @BeforeEach
  void publish() throws IOException {
    log.append(Facts.some(0, 300));
    log.sign();
    Files.writeString(folder.resolve("yesterday"), log.checkpoints.latest().orElseThrow());
    log.append(Facts.some(300, SIZE - 300));
    witness = new TestWitness("witness.example/w1", log.signer.verifier());
    PostgresCosignatures cosignatures = new PostgresCosignatures(log.database);
    Checkpoint signed = log.sign();
    new Cosigning(witness.key(), witness, log.reader, cosignatures)
        .step(signed, log.checkpoints.latest().orElseThrow());
    Publication publication =
        new Publication(
            new PostgresLogCopy(log.database),
            log.reader,
            cosignatures::published,
            log.signer.verifier());
    pki = new TestPki(folder);
    server =
        WebServer.start(
            "test.example",
            pki.identity("audit", "spiffe://test.example/service/audit"),
            Set.of(Role.OPERATOR, Role.TENANT),
            "127.0.0.1",
            0,
            request ->
                new LogFiles(publication, violations::add)
                    .answer(request)
                    .or(() -> pages(cosignatures).answer(request)),
            (caller, asked) -> violations.add(Violation.of(caller, asked)));
  }

  private AuditPages pages(PostgresCosignatures cosignatures) {
    Archive archive =
        new Archive(log.reader, log.checkpoints, log.keys::byIds, log.signer.verifier());
    PostgresLogFacts facts = new PostgresLogFacts(log.database);
    Reports reports = new Reports(archive, facts, tenant -> 90, "local:test");
    return new AuditPages(archive, facts, reports, cosignatures::published, Optional::empty);
  }

  @AfterEach
  void stop() {
    server.close();
    witness.close();
  }

  private String url() {
    return "https://127.0.0.1:" + server.port();
  }

  private String verify(int status, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int ended = VerifyAudit.run(List.of(arguments), new PrintStream(out, true, UTF_8));
    String said = out.toString(UTF_8);
    assertThat(ended).as(said).isEqualTo(status);
    return said;
  }

  private Path fetched() {
    return fetched("export");
  }

  private Path fetched(String name) {
    Path export = folder.resolve(name);
    TlsFiles operator = pki.identity("operator", OPERATOR);
    verify(
        0,
        "fetch",
        export.toString(),
        "--url",
        url(),
        "--certificate",
        operator.certificate().toString(),
        "--private-key",
        operator.key().toString(),
        "--trust",
        operator.trust().toString());
    return export;
  }

  private String key() {
    return log.signer.verifier().text();
  }

  private HttpResponse<String> get(String spiffeId, String path) throws Exception {
    try (JdkTls tls = JdkTls.client(pki.identity("client", spiffeId), Role.AUDIT);
        HttpClient client = HttpClient.newBuilder().sslContext(tls.context()).build()) {
      return client.send(
          HttpRequest.newBuilder(URI.create(url() + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void aWholeExportIsVerifiedWithItsWitness() {
    Path export = fetched();
    assertThat(export.resolve("tile/0/001")).hasSize(8_192);
    assertThat(export.resolve("tile/0/002.p/188")).hasSize(188 * 32);
    assertThat(export.resolve("tile/1/000.p/2")).hasSize(64);
    String said =
        verify(
            0,
            "log",
            export.toString(),
            "--key",
            key(),
            "--witness",
            witness.key().text(),
            "--remembered",
            folder.resolve("yesterday").toString());
    assertThat(said).contains("700 records are those that were signed", "witness.example/w1");
  }

  @Test
  void yesterdaysCheckpointIsAPrefixOfTodays() {
    Path export = fetched();
    String old = folder.resolve("yesterday").toString();
    assertThat(verify(0, "prefix", old, export.toString(), "--key", key()))
        .contains("300 records is a prefix of that of 700");
  }

  @Test
  void aForkFromYesterdaysCheckpointIsFoundAndLocated() throws IOException {
    TestLog other = new TestLog();
    other.append(Facts.some(9_000, 300));
    Checkpoint forked = new Checkpoint(TestLog.ORIGIN, 300, other.sign().root());
    Path file = Files.writeString(folder.resolve("fork"), log.signer.sign(forked.text()));
    Path export = fetched();
    assertThat(verify(1, "prefix", file.toString(), export.toString(), "--key", key()))
        .contains("two different trees of 300 records were signed");
  }

  @Test
  void aSingleRecordIsVerifiedByItsFile() throws Exception {
    HttpResponse<String> proof = get(OPERATOR, "/record/451");
    Path file = Files.writeString(folder.resolve("451.tlog-proof"), proof.body());
    assertThat(verify(0, "record", file.toString(), "--key", key()))
        .contains("record 451 of pixel-pirates, 2026-03-01T12:30:00Z is in the signed tree");
    Files.writeString(file, proof.body().replace("index 451", "index 450"));
    assertThat(verify(1, "record", file.toString(), "--key", key()))
        .contains("record 450 is not in the signed tree of 700 records");
  }

  @Test
  void aChangedByteOfAnExportIsFoundAndLocated() throws IOException {
    Path export = fetched();
    // The last byte of the last record of the bundle, which ends with it.
    Path bundle = export.resolve("tile/entries/001");
    change(bundle, (int) Files.size(bundle) - 1);
    assertThat(verify(1, "log", export.toString(), "--key", key()))
        .contains("record 511 does not have its hash");
  }

  @Test
  void aChangedHashOfAnExportIsFoundAndLocated() throws IOException {
    Path export = fetched();
    change(export.resolve("tile/0/000"), 32 * 17 + 3);
    assertThat(verify(1, "log", export.toString(), "--key", key()))
        .contains("record 17 does not have its hash");
  }

  @Test
  void aChangeWhoseTracksAreAllCoveredIsNamedByACopyOfYesterday() throws IOException {
    Path yesterday = fetched("before");
    Path kept = Files.createDirectories(folder.resolve("kept"));
    Files.copy(yesterday.resolve("checkpoint"), kept.resolve("2026-03-01"));
    log.append(Facts.some(2_000, 60));
    log.sign();
    Path today = fetched("today");
    Path bundle = today.resolve("tile/entries/001");
    change(bundle, (int) Files.size(bundle) - 1);
    byte[] entries = Files.readAllBytes(bundle);
    Path tile = today.resolve("tile/0/001");
    Files.write(
        tile, TileBytes.ofHashes(TileBytes.entries(entries).stream().map(TreeHash::leaf).toList()));
    assertThat(verify(1, "log", today.toString(), "--key", key()))
        .contains("records from 256 to 511 are not those that were signed");
    assertThat(verify(1, "log", today + "", "--key", key(), "--remembered", kept + ""))
        .contains("records from 256 to 511 are not those that were signed");
    assertThat(verify(1, "log", today + "", "--key", key(), "--earlier", yesterday + ""))
        .contains("record 511 does not have its hash");
    assertThat(verify(1, "log", yesterday + "", "--key", key(), "--earlier", today + ""))
        .contains("the earlier copy proves nothing");
  }

  @Test
  void aMissingBundleAndAChangedCheckpointAreFound() throws IOException {
    Path export = fetched();
    Files.delete(export.resolve("tile/entries/001"));
    assertThat(verify(1, "log", export.toString(), "--key", key()))
        .contains("record 256 is missing");
    String note = Files.readString(export.resolve("checkpoint"));
    Files.writeString(export.resolve("checkpoint"), note.replace("\n700\n", "\n600\n"));
    assertThat(verify(1, "log", export.toString(), "--key", key()))
        .contains("checkpoint has no signature of the log's key");
  }

  @Test
  void anotherKeyAndAnotherWitnessAreNotBelieved() {
    Path export = fetched();
    verify(1, "log", export.toString(), "--key", new TestLog().signer.verifier().text());
    try (TestWitness other = new TestWitness("witness.example/w2", log.signer.verifier())) {
      assertThat(
              verify(1, "log", export.toString(), "--key", key(), "--witness", other.key().text()))
          .contains("no cosignature of witness.example/w2");
    }
  }

  @Test
  void whoAsksWronglyIsToldHow() {
    assertThat(verify(2, "log", fetched().toString())).contains("--key is given once");
    assertThat(verify(2, "guess")).contains("no such command");
  }

  @Test
  void aTenantReadsHashesAndItsOwnRecordsOnly() throws Exception {
    String harbor = "spiffe://test.example/tenant/harbor-books";
    assertThat(get(harbor, "/checkpoint").statusCode()).isEqualTo(200);
    assertThat(get(harbor, "/tile/0/000").statusCode()).isEqualTo(200);
    assertThat(get(harbor, "/record/300").statusCode()).isEqualTo(200);
    assertThat(violations).isEmpty();
    assertThat(get(harbor, "/tile/entries/000").statusCode()).isEqualTo(403);
    assertThat(violations)
        .singleElement()
        .satisfies(attempt -> assertThat(attempt.tenant().value()).isEqualTo("harbor-books"));
    violations.clear();
    assertThat(get(harbor, "/record/301").statusCode()).isEqualTo(403);
    assertThat(violations)
        .singleElement()
        .satisfies(attempt -> assertThat(attempt.tenant().value()).isEqualTo("harbor-books"));
  }

  @Test
  void nothingBeyondTheCheckpointIsServed() throws Exception {
    log.append(Facts.some(SIZE, 200));
    assertThat(get(OPERATOR, "/tile/0/002.p/188").statusCode()).isEqualTo(200);
    assertThat(get(OPERATOR, "/tile/0/002.p/189").statusCode()).isEqualTo(404);
    assertThat(get(OPERATOR, "/tile/0/003").statusCode()).isEqualTo(404);
    assertThat(get(OPERATOR, "/record/700").statusCode()).isEqualTo(404);
    assertThat(get(OPERATOR, "/record/x").statusCode()).isEqualTo(400);
  }

  @Test
  void anAuditorReadsProofsViolationsKeysAndReportsOnPages() throws Exception {
    log.append(
        List.of(
            Facts.audit(9_000, "harbor-books")
                .setSeverity(Severity.SEVERITY_CRITICAL)
                .setOperation("isolation_violation")
                .setDetail("asked for <another> tenant's records")
                .build()));
    log.keys.erase(new TenantId("nordic-parcel"), "ann", "asked to");
    assertThat(get(OPERATOR, "/").body())
        .contains("<strong>OK:</strong> the latest checkpoint continues", "witness.example/w1");
    assertThat(get(OPERATOR, "/violations?tenant=harbor-books&from=2026-02-01").body())
        .contains("asked for &lt;another&gt; tenant&#39;s records", "href=\"/record/700\"");
    assertThat(get(OPERATOR, "/violations?tenant=pixel-pirates").body())
        .contains("<td colspan=\"7\">none</td>");
    assertThat(get(OPERATOR, "/keys").body()).contains("nordic-parcel", "asked to", "destroyed");
    assertThat(get(OPERATOR, "/reports").body()).contains("<option selected>SOC2</option>");
    assertThat(get(OPERATOR, "/reports?tenant=harbor-books&kind=HIPAA&format=json").body())
        .contains("HIPAA report: harbor-books");
    HttpResponse<String> pdf = get(OPERATOR, "/reports?tenant=harbor-books&kind=HIPAA&format=pdf");
    assertThat(pdf.headers().firstValue("Content-Type")).contains("application/pdf");
    assertThat(pdf.body()).startsWith("%PDF-1.7").contains("(HIPAA report: harbor-books)");
    assertThat(get(OPERATOR, "/reports?tenant=x&kind=y").statusCode()).isEqualTo(400);
    assertThat(get(OPERATOR, "/violations?from=yesterday").statusCode()).isEqualTo(400);
    for (String path : List.of("/", "/violations", "/keys", "/reports")) {
      assertThat(get("spiffe://test.example/tenant/harbor-books", path).statusCode())
          .isEqualTo(403);
      assertThat(violations.removeLast().tenant().value()).isEqualTo("harbor-books");
    }
  }

  @Test
  void anAuditorReadsPrintsAndAsksForPagesWithTheKeyboardAlone() throws Exception {
    assumeTrue(Browser.missing().isEmpty(), () -> "not here: " + Browser.missing());
    TlsFiles operator = pki.identity("reader", OPERATOR);
    log.append(
        List.of(
            Facts.audit(9_000, "harbor-books")
                .setSeverity(Severity.SEVERITY_CRITICAL)
                .setActor("spiffe://test.example/tenant/harbor-books")
                .setOperation("isolation_violation")
                .setDetail("called cofferdam.audit.v1.AuditService/EraseTenant, which it may not")
                .build()));
    log.sign();
    String origin = "https://127.0.0.1:" + server.port();
    try (Browser browser =
        Browser.open(Files.createDirectory(folder.resolve("browser")), operator, origin)) {
      for (String path : List.of("/", "/violations", "/keys", "/reports")) {
        for (int width : new int[] {1_200, 400}) {
          browser.resize(width, 900);
          browser.open(URI.create(origin + path));
          assertThat(browser.value(READABLE)).as("%s, %d wide", path, width).isEqualTo("true");
        }
      }
      browser.press("Tab");
      assertThat(browser.value(FOCUS + ".className")).as("the first stop").isEqualTo("skip");
      browser.tabTo(FOCUS + ".name == 'tenant'");
      browser.type("harbor-books");
      browser.tabTo(FOCUS + ".name == 'kind'");
      browser.tabTo(FOCUS + ".type == 'submit'");
      browser.press("Enter");
      browser.await("document.title.includes('SOC 2')");
      assertThat(browser.value("document.body.innerText")).contains("Evidence", "root hash");
      try (PDDocument printed = Loader.loadPDF(browser.print())) {
        assertThat(new PDFTextStripper().getText(printed)).contains("Evidence", "harbor-books");
      }
      browser.open(URI.create(origin + "/"));
      try (PDDocument printed = Loader.loadPDF(browser.print())) {
        assertThat(new PDFTextStripper().getText(printed))
            .contains("verifier key")
            .doesNotContain("Keys and erasures");
      }
    }
  }

  private static void change(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= 4;
    Files.write(file, bytes);
  }
}
