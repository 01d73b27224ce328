package dev.cofferdam.gateway.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.web.Browser;
import dev.cofferdam.mesh.web.WebServer;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.proto.audit.v1.GetInclusionProofResponse;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.wire.TenantRecords;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The console over mutual TLS. */
class ConsolePagesTest {
  private static final List<String> REFUSED = new CopyOnWriteArrayList<>();
  private static final FakeSources SOURCES = new FakeSources();
  private static final String REQUEST = "/requests?id=" + FakeSources.OF_HARBOR.value();

  @TempDir static Path folder;
  private static TestPki pki;
  private static WebServer server;

  @BeforeAll
  static void serve() {
    List<TenantProfile> tenants =
        List.of(
            tenant("harbor-books", Tier.TIER_ENTERPRISE), tenant("pixel-pirates", Tier.TIER_FREE));
    ConsolePages pages =
        new ConsolePages(
            SOURCES,
            () -> tenants,
            ConsolePagesTest::refused,
            () -> Instant.ofEpochMilli(FakeSources.NOW_MS),
            Optional.of(SOURCES::spans),
            "https://traces.example/{request}");
    pki = new TestPki(folder);
    server =
        WebServer.start(
            "cofferdam.local",
            pki.identity("gateway", "spiffe://cofferdam.local/service/gateway"),
            Set.of(SpiffeId.Role.TENANT, SpiffeId.Role.OPERATOR),
            "127.0.0.1",
            0,
            pages,
            ConsolePagesTest::refused);
  }

  private static void refused(Caller caller, String asked) {
    REFUSED.add(caller.actor());
  }

  private static TenantProfile tenant(String id, Tier tier) {
    return TenantRecords.profile(
        Tenant.newBuilder()
            .setId(id)
            .setTier(tier)
            .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
            .build());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void forget() {
    REFUSED.clear();
    SOURCES.meteringAway = false;
    SOURCES.routersAway = false;
    SOURCES.tracesAway = false;
  }

  private static HttpResponse<String> get(String identity, String path) throws Exception {
    TlsFiles files =
        pki.identity(identity.replace('/', '-'), "spiffe://cofferdam.local/" + identity);
    try (JdkTls tls = JdkTls.client(files, SpiffeId.Role.GATEWAY);
        HttpClient client = HttpClient.newBuilder().sslContext(tls.context()).build()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + path)).build(),
          BodyHandlers.ofString());
    }
  }

  @Test
  void anOperatorSeesWorkersOnceAndTheQueuesOfAllRouters() throws Exception {
    HttpResponse<String> page = get("operator/local", "/");
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body())
        .containsOnlyOnce("<td>worker-1</td>")
        .contains("<td class=\"number\">8</td>", "40.0 %", "212", "&lt;b&gt;support-desk&lt;/b&gt;")
        .doesNotContain("<b>support-desk");
    assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
        .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
        .doesNotContain("unsafe");
    assertThat(get("operator/local", "/tenants").headers().firstValue("Content-Security-Policy"))
        .hasValueSatisfying(policy -> assertThat(policy).doesNotContain("script-src"));
  }

  @Test
  void anOperatorSeesTenantsFairnessAndCosts() throws Exception {
    assertThat(get("operator/local", "/tenants").body())
        .contains("/tenants/harbor-books", "6000", "2000", "500000");
    assertThat(get("operator/local", "/tenants/pixel-pirates").body())
        .contains("2000 of 500000 tokens today", "Margin");
    // 6,000 tokens at weight 1 and 2,000 at 1/5 are as 6 and 10: 16² / (2 · (36 + 100)).
    assertThat(get("operator/local", "/fairness?over=30%20days").body())
        .contains("<svg", "Jain", "0.941");
    assertThat(get("operator/local", "/costs").body())
        .contains("They cost more than they pay: harbor-books, pixel-pirates", "2.50");
    assertThat(REFUSED).isEmpty();
  }

  @Test
  void aTenantSeesItsOwnAndNothingOfOthers() throws Exception {
    String own = get("tenant/harbor-books", "/").body();
    assertThat(own)
        .contains("harbor-books", "6000 tokens today", "1.25 EUR")
        .doesNotContain("pixel-pirates", "Margin", "worker-1", "/fairness", "Pools");
    assertThat(get("tenant/pixel-pirates", "/").body())
        .contains("2000 of 500000 tokens today")
        .doesNotContain("harbor-books");
    assertThat(REFUSED).isEmpty();
  }

  @Test
  void aRequestIsShownToItsTenantAndLooksUnknownToAnother() throws Exception {
    assertThat(get("tenant/harbor-books", REQUEST).body())
        .contains("worker-2", "3 of 8 slots", "OK:</strong> the record is in the log of 3 records")
        .doesNotContain("traces.example");
    assertThat(get("operator/local", REQUEST).body())
        .contains("(granted)", "https://traces.example/" + FakeSources.OF_HARBOR.value());
    HttpResponse<String> other = get("tenant/pixel-pirates", REQUEST);
    HttpResponse<String> unknown = get("tenant/pixel-pirates", "/requests?id=" + "f".repeat(32));
    assertThat(other.body()).doesNotContain("harbor-books", "worker-2");
    assertThat(other.body().replace(FakeSources.OF_HARBOR.value(), ""))
        .isEqualTo(unknown.body().replace("f".repeat(32), ""));
    assertThat(get("tenant/pixel-pirates", "/requests?id=%3Cscript%3E").statusCode())
        .isEqualTo(400);
  }

  @Test
  void anOperatorSeesARequestsSpansAsATreeAndATenantDoesNot() throws Exception {
    String page = get("operator/local", REQUEST).body();
    // In the order of time, each below what it belongs to, whatever order they came in.
    assertThat(page.substring(page.indexOf("Its way through the services")))
        .containsSubsequence(
            "<td>Generate</td><td>gateway</td><td class=\"number\">0.00</td>",
            "<td>– Place</td><td>router</td><td class=\"number\">1.50</td>",
            "<td>– – Enqueue</td>",
            "<td>– &lt;i&gt;decode&lt;/i&gt;</td><td>worker-2</td>",
            "<td class=\"number\">40.00</td><td>with an error</td>");
    assertThat(get("tenant/harbor-books", REQUEST).body()).doesNotContain("Enqueue");
    assertThat(get("operator/local", "/requests?id=" + "f".repeat(32)).body())
        .contains("No span of it is kept");
    SOURCES.tracesAway = true;
    assertThat(get("operator/local", REQUEST).body())
        .contains("the store of traces does not answer", "(granted)");
  }

  @Test
  void askingForAnotherTenantOrForOperatorsPagesIsRefusedAndRecorded() throws Exception {
    String actor = "spiffe://cofferdam.local/tenant/pixel-pirates";
    int asked = 0;
    for (String path :
        List.of(
            "/?tenant=harbor-books",
            "/requests?tenant=harbor-books&id=" + FakeSources.OF_HARBOR.value(),
            "/tenants",
            "/tenants/harbor-books",
            "/tenants/pixel-pirates",
            "/fairness",
            "/costs")) {
      HttpResponse<String> page = get("tenant/pixel-pirates", path);
      assertThat(page.statusCode()).as(path).isEqualTo(403);
      assertThat(page.body()).doesNotContain("harbor-books");
      assertThat(REFUSED).as(path).hasSize(++asked).containsOnly(actor);
    }
  }

  @Test
  void aTenantThatIsGoneAndServicesSeeNothing() throws Exception {
    assertThat(get("tenant/removed", "/").statusCode()).isEqualTo(403);
    assertThat(get("service/worker/w1", "/").statusCode()).isEqualTo(403);
    assertThat(REFUSED)
        .containsExactly(
            "spiffe://cofferdam.local/tenant/removed",
            "spiffe://cofferdam.local/service/worker/w1");
  }

  @Test
  void whatIsAwayIsSaidAndTheRestIsShown() throws Exception {
    SOURCES.meteringAway = true;
    assertThat(get("tenant/harbor-books", "/").body())
        .contains("the ledger is away", "Requests a minute", "1.25 EUR");
    SOURCES.routersAway = true;
    assertThat(get("operator/local", "/").body()).contains("no router answers");
  }

  @Test
  void aProofThatWasTamperedWithDoesNotHold() {
    SpiffeId operator = SpiffeId.parse("spiffe://cofferdam.local/operator/local").orElseThrow();
    LoggedRecord record = SOURCES.records(operator, FakeSources.OF_HARBOR).getFirst();
    GetInclusionProofResponse proof = SOURCES.proof(operator, 1).orElseThrow();
    assertThat(InclusionCheck.of(record, proof).problem()).isEmpty();
    for (GetInclusionProofResponse wrong :
        List.of(
            proof.toBuilder().setPath(0, proof.getPath(1)).build(),
            proof.toBuilder().addPath(proof.getPath(0)).build(),
            proof.toBuilder().clearPath().build(),
            proof.toBuilder().setTreeSize(4).build(),
            proof.toBuilder().setIndex(2).build(),
            proof.toBuilder().setLeafHash(proof.getPath(0)).build(),
            proof.toBuilder().clearCheckpoint().build())) {
      assertThat(InclusionCheck.of(record, wrong).holds()).isFalse();
    }
  }

  @Test
  void inChromiumPagesAreLiveCanBePausedAndFitAnyWidth() throws Exception {
    assumeTrue(Browser.missing().isEmpty(), () -> "not here: " + Browser.missing());
    String origin = "https://127.0.0.1:" + server.port();
    try (Browser browser =
        Browser.open(
            Files.createDirectory(folder.resolve("browser")),
            pki.identity("browser", "spiffe://cofferdam.local/operator/local"),
            origin)) {
      for (Map.Entry<String, Integer> shot : Map.of("narrow", 400, "wide", 1_200).entrySet()) {
        browser.resize(shot.getValue(), 900);
        for (String path :
            List.of("/", "/tenants", "/fairness?over=30%20days", "/costs", REQUEST)) {
          browser.open(URI.create(origin + path));
          assertThat(browser.value("document.documentElement.scrollWidth <= innerWidth"))
              .as(path + " " + shot.getKey())
              .isEqualTo("true");
          Files.write(
              Files.createDirectories(Path.of("target/screenshots"))
                  .resolve(
                      shot.getKey()
                          + path.replaceAll("[^a-z]+", "-").replaceAll("-$", "")
                          + ".png"),
              browser.screenshot());
        }
      }
      browser.open(URI.create(origin + "/"));
      browser.await("document.getElementById('pause') != null");
      SOURCES.running = 7;
      browser.await("document.querySelector('main').innerText.includes('14')");
      browser.tabTo("document.activeElement.id == 'pause'");
      browser.press("Enter");
      assertThat(browser.value("document.querySelector('main [role=status]').innerText"))
          .isEqualTo("Paused.");
      browser.open(URI.create(origin + "/costs"));
      browser.tabTo("document.activeElement.innerText == 'Tenants'");
      browser.press("Enter");
      browser.await("location.pathname == '/tenants'");
      assertThat(browser.print()).isNotEmpty();
    }
  }
}
