package dev.cofferdam.gateway.ingress.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.dispatch.grpc.FakeFleet;
import dev.cofferdam.gateway.ingress.RawHttp2;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.gateway.ingress.anthropic.AnthropicApi;
import dev.cofferdam.gateway.ingress.openai.DocumentsApi;
import dev.cofferdam.gateway.ingress.openai.OpenAiApi;
import dev.cofferdam.gateway.ingress.openai.StoredRequestsApi;
import dev.cofferdam.gateway.retrieval.Documents;
import dev.cofferdam.gateway.storage.ForeignIds;
import dev.cofferdam.gateway.transcripts.Transcripts;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** The REST edge over HTTP, with a router and workers behind it over mTLS. */
public final class RestHarness implements AutoCloseable {
  /** What the workers answer. */
  public static final String ANSWER = "Your parcel arrives on Monday.";

  private static final JsonMapper JSON = new JsonMapper();

  public final FakeFleet fleet;
  public final SampleGateway gateway;
  public final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Vertx vertx = Vertx.vertx();
  public final RestServer server;

  /**
   * @param folder for the certificates
   */
  public RestHarness(Path folder, RestSettings settings) throws Exception {
    this(folder, settings, (edge, router) -> {});
  }

  /**
   * @param more mounts further APIs
   */
  public RestHarness(Path folder, RestSettings settings, BiConsumer<RestEdge, Router> more)
      throws Exception {
    this(folder, settings, 60_000, false, Documents.NONE, Transcripts.NONE, nobodys(), more);
  }

  /**
   * @param folder for the certificates
   * @param documents what passages are looked for in
   */
  public RestHarness(Path folder, Documents documents) throws Exception {
    this(folder, documents, Transcripts.NONE);
  }

  /**
   * @param folder for the certificates
   * @param documents what passages are looked for in
   * @param transcripts where prompts and answers are kept
   */
  public RestHarness(Path folder, Documents documents, Transcripts transcripts) throws Exception {
    this(
        folder,
        RestSettings.DEFAULTS,
        60_000,
        false,
        documents,
        transcripts,
        nobodys(),
        (edge, router) -> {});
  }

  /**
   * @param folder for the certificates
   * @param foreign who is asked about ids that the tenant does not have
   */
  public RestHarness(
      Path folder,
      Documents documents,
      Transcripts transcripts,
      ForeignIds foreign,
      BiConsumer<RestEdge, Router> more)
      throws Exception {
    this(folder, RestSettings.DEFAULTS, 60_000, false, documents, transcripts, foreign, more);
  }

  /** All ids are nobody's. */
  public static ForeignIds nobodys() {
    return new ForeignIds((tenant, id) -> false, new ScheduledThreadPoolExecutor(0));
  }

  /**
   * @param stallMsMax milliseconds for which a client may not read
   * @param tls whether the server speaks TLS, as it does outside tests
   */
  public RestHarness(Path folder, RestSettings settings, long stallMsMax, boolean tls)
      throws Exception {
    this(
        folder,
        settings,
        stallMsMax,
        tls,
        Documents.NONE,
        Transcripts.NONE,
        nobodys(),
        (edge, router) -> {});
  }

  private RestHarness(
      Path folder,
      RestSettings settings,
      long stallMsMax,
      boolean tls,
      Documents documents,
      Transcripts transcripts,
      ForeignIds foreign,
      BiConsumer<RestEdge, Router> more)
      throws Exception {
    TestPki pki = new TestPki(folder);
    int[] words = Samples.tokens(ANSWER);
    int[] script = Arrays.copyOf(words, words.length + 1);
    script[words.length] = Samples.EOT;
    fleet = new FakeFleet(pki, script);
    TlsFiles identity = pki.identity("gateway", "spiffe://cofferdam.local/service/gateway");
    gateway =
        new SampleGateway(identity, List.of(fleet.router()), stallMsMax, documents, transcripts);
    Router router = Router.router(vertx);
    RestEdge edge =
        new RestEdge(
            vertx,
            gateway.authenticator(),
            gateway.intake,
            gateway.dispatcher,
            gateway.executor,
            settings,
            gateway.connections,
            gateway.bodies);
    more.accept(edge, router);
    new AnthropicApi(edge, gateway.intake, Clock.systemUTC()).mount(router);
    new DocumentsApi(edge, documents, foreign).mount(router);
    new StoredRequestsApi(edge, transcripts, foreign).mount(router);
    new OpenAiApi(edge, gateway.intake.offers()).mount(router);
    server = RestServer.start(edge, router, "127.0.0.1", 0, Optional.of(identity).filter(i -> tls));
  }

  @Override
  public void close() throws Exception {
    http.close();
    vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    gateway.close();
    fleet.close();
    assertThat(gateway.bugs).isEmpty();
  }

  /** The port of the server. */
  public int port() {
    return server.port();
  }

  /** A request with the key. */
  public HttpRequest.Builder request(String path) {
    return bare(path).header("authorization", "Bearer " + SampleGateway.KEY);
  }

  /** A request without credentials. */
  public HttpRequest.Builder bare(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path));
  }

  /** Posts a body with the key. */
  public HttpResponse<String> post(String path, String body) throws Exception {
    return send(request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build());
  }

  public HttpResponse<String> send(HttpRequest request) throws Exception {
    return http.send(request, HttpResponse.BodyHandlers.ofString());
  }

  /** Asks for the models with the key, as the connection's first request. */
  public static void getModels(RawHttp2 client) throws IOException {
    client.headers(
        1,
        RawHttp2.END_STREAM,
        ":method",
        "GET",
        ":scheme",
        "https",
        ":path",
        "/v1/models",
        ":authority",
        "x",
        "authorization",
        "Bearer " + SampleGateway.KEY);
    client.flush();
  }

  public static JsonNode json(HttpResponse<String> response) throws Exception {
    return JSON.readTree(response.body());
  }

  /** A server-sent event; its name is "" where it has none. */
  public record Sse(String name, JsonNode data) {}

  /** The events of a stream, up to a last line of data that is no JSON. */
  public static List<Sse> sse(String body) throws Exception {
    List<Sse> events = new ArrayList<>();
    for (String block : body.split("\n\n", -1)) {
      String name = "";
      for (String line : block.lines().toList()) {
        if (line.startsWith("event: ")) {
          name = line.substring("event: ".length());
        } else if (line.startsWith("data: {")) {
          events.add(new Sse(name, JSON.readTree(line.substring("data: ".length()))));
        } else {
          assertThat(line).matches("data: \\[DONE]|:.*|");
        }
      }
    }
    return events;
  }
}
