package dev.cofferdam.mesh.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.SpiffeId.Role;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WebServerTest {
  private static final String DOMAIN = "test.example";

  @TempDir Path folder;
  private TestPki pki;
  private WebServer server;
  private final List<String> refused = new CopyOnWriteArrayList<>();

  @BeforeEach
  void start() {
    pki = new TestPki(folder);
    server =
        WebServer.start(
            DOMAIN,
            pki.identity("audit", "spiffe://test.example/service/audit"),
            Set.of(Role.OPERATOR),
            "127.0.0.1",
            0,
            WebServerTest::answer,
            (caller, asked) -> refused.add(caller.actor() + " " + asked));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static Optional<WebAnswer> answer(WebRequest request) {
    return switch (request.path()) {
      case "/who" -> Optional.of(WebAnswer.text(request.caller().actor()));
      case "/echo" -> Optional.of(WebAnswer.page(new Page("Echo").text(request.parameter("said"))));
      case "/refuses" ->
          throw Refusal.of(ErrorCode.INVALID_REQUEST, "month: expected 2026-03").asException();
      case "/forbids" -> throw Refusal.of(ErrorCode.CALL_NOT_ALLOWED, "for others").asException();
      case "/breaks" -> throw new IllegalStateException("canary-of-a-secret");
      default -> Optional.empty();
    };
  }

  private HttpResponse<String> get(String spiffeId, String path) throws Exception {
    return send(spiffeId, HttpRequest.newBuilder(uri(path)).build());
  }

  private URI uri(String path) {
    return URI.create("https://127.0.0.1:" + server.port() + path);
  }

  private HttpResponse<String> send(String spiffeId, HttpRequest request) throws Exception {
    return send(pki.identity("client", spiffeId), request);
  }

  private static HttpResponse<String> send(TlsFiles identity, HttpRequest request)
      throws Exception {
    try (JdkTls tls = JdkTls.client(identity, Role.AUDIT);
        HttpClient client = HttpClient.newBuilder().sslContext(tls.context()).build()) {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void anOperatorIsAnsweredByTheNameOfItsCertificate() throws Exception {
    HttpResponse<String> answer = get("spiffe://test.example/operator/ann", "/who");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("spiffe://test.example/operator/ann");
  }

  @Test
  void anotherRoleAndAnotherDomainAreRefused() throws Exception {
    assertThat(get("spiffe://test.example/tenant/harbor-books", "/who").statusCode())
        .isEqualTo(403);
    assertThat(get("spiffe://other.example/operator/ann", "/who").statusCode()).isEqualTo(403);
  }

  @Test
  void whoIsRefusedForWhoItIsIsToldOfAndWhatItAskedForIsNot() throws Exception {
    get("spiffe://test.example/tenant/harbor-books", "/a-canary");
    get("spiffe://test.example/operator/ann", "/forbids");
    get("spiffe://test.example/operator/ann", "/refuses");
    get("spiffe://test.example/operator/ann", "/nothing");
    assertThat(refused)
        .containsExactly(
            "spiffe://test.example/tenant/harbor-books pages over HTTPS",
            "spiffe://test.example/operator/ann pages over HTTPS");
  }

  @Test
  void whoHasNoCertificateOfTheMeshIsNotServed(@TempDir Path elsewhere) {
    TlsFiles strange = new TestPki(elsewhere).identity("x", "spiffe://test.example/operator/ann");
    TlsFiles client = new TlsFiles(strange.certificate(), strange.key(), pki.trust());
    assertThatThrownBy(() -> send(client, HttpRequest.newBuilder(uri("/who")).build()))
        .isInstanceOf(IOException.class);
  }

  @Test
  void everyAnswerForbidsScriptsAndFrames() throws Exception {
    for (String path : List.of("/who", "/nothing", "/breaks", Page.STYLE_PATH)) {
      HttpResponse<String> answer = get("spiffe://test.example/operator/ann", path);
      assertThat(answer.headers().firstValue("Content-Security-Policy"))
          .hasValueSatisfying(
              policy ->
                  assertThat(policy).contains("default-src 'none'", "frame-ancestors 'none'"));
      assertThat(answer.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
    }
  }

  @Test
  void onlyReadingIsAnswered() throws Exception {
    HttpRequest post =
        HttpRequest.newBuilder(uri("/who")).POST(HttpRequest.BodyPublishers.noBody()).build();
    assertThat(send("spiffe://test.example/operator/ann", post).statusCode()).isEqualTo(405);
    HttpRequest head = HttpRequest.newBuilder(uri("/who")).HEAD().build();
    HttpResponse<String> answer = send("spiffe://test.example/operator/ann", head);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEmpty();
  }

  @Test
  void aRefusalIsAnsweredByItsCodeAndABreakSaysNothing() throws Exception {
    HttpResponse<String> refused = get("spiffe://test.example/operator/ann", "/refuses");
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).isEqualTo("invalid_request: month: expected 2026-03\n");
    HttpResponse<String> broken = get("spiffe://test.example/operator/ann", "/breaks");
    assertThat(broken.statusCode()).isEqualTo(500);
    assertThat(broken.body()).doesNotContain("canary");
  }

  @Test
  void whatIsWrittenIntoAPageStaysText() throws Exception {
    HttpResponse<String> answer =
        get(
            "spiffe://test.example/operator/ann",
            "/echo?said=%3Cscript%3Ealert(%22x%22)%3C/script%3E");
    assertThat(answer.body())
        .contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;")
        .doesNotContain("<script");
  }

  @Test
  void aPageCarriesHeadingsNavigationAndTablesThatCanBeReadAloud() {
    String page =
        new Page("Violations")
            .navigate("Proofs", "/proofs")
            .heading("Today")
            .notice(Page.Tone.BAD, "1 attempt")
            .facts(Map.of("Size", "3"))
            .filter("/", List.of(new Page.Field("tenant", "Tenant", "a\"b", List.of())))
            .table(
                "Attempts",
                List.of("When", "Number"),
                List.of(List.of(Page.Cell.link("now", "/r?i=1&x=2"), Page.Cell.number("7"))))
            .html();
    assertThat(page)
        .contains("<html lang=\"en\">", "<h1>Violations</h1>", "<caption>Attempts</caption>")
        .contains("<th scope=\"col\">When</th>", "<a href=\"/r?i=1&amp;x=2\">now</a>")
        .contains("<strong>Alarm:</strong> 1 attempt", "value=\"a&quot;b\"")
        .doesNotContain("style=", "onclick", "<script");
  }
}
