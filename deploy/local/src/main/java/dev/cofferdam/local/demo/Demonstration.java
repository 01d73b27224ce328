package dev.cofferdam.local.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.local.Endpoints;
import dev.cofferdam.local.SampleTenant;
import dev.cofferdam.local.seed.PublicChannel;
import dev.cofferdam.local.trace.StoredSpan;
import dev.cofferdam.local.trace.TraceFiles;
import dev.cofferdam.local.trace.TraceTree;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import dev.cofferdam.proto.metering.v1.UsageRow;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * One answer through gRPC and one through REST, printed as they come, and what the first left
 * behind: its trace, its usage row, its audit record with a proof.
 */
public final class Demonstration {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int TOKENS_MAX = 120;
  private static final long PATIENCE_MS = 20_000;
  private static final long SPANS_SETTLE_MS = 700;
  private static final String QUESTION_GRPC = "How do I print a return label?";
  private static final String QUESTION_REST = "Where is my parcel?";

  private final Endpoints endpoints;
  private final Path trust;
  private final TlsFiles operator;
  private final TraceFiles traces;
  private final PrintStream out;

  public Demonstration(
      Endpoints endpoints, Path trust, TlsFiles operator, TraceFiles traces, PrintStream out) {
    this.endpoints = endpoints;
    this.trust = trust;
    this.operator = operator;
    this.traces = traces;
    this.out = out;
  }

  /**
   * Runs it.
   *
   * @throws Exception where any part does not work, saying which
   */
  public void run(SampleTenant first, SampleTenant second) throws Exception {
    String requestId = grpc(first);
    rest(second);
    trace(requestId);
    try (Books books = new Books(endpoints, operator)) {
      usage(books, requestId);
      audit(books, requestId);
    }
  }

  private String grpc(SampleTenant tenant) {
    out.printf("%nGenerate through gRPC, as %s (%s):%n", tenant.tenant(), tenant.tier());
    out.printf("  > %s%n  < ", QUESTION_GRPC);
    ManagedChannel channel = PublicChannel.open(endpoints.grpc(), trust, tenant.apiKey());
    try {
      GenerateRequest request =
          GenerateRequest.newBuilder()
              .setModel(tenant.model())
              .setAdapter(tenant.adapter())
              .setChat(
                  Chat.newBuilder()
                      .addMessages(
                          ChatMessage.newBuilder().setRole("user").setContent(QUESTION_GRPC)))
              .setSampling(
                  SamplingParameters.newBuilder().setTemperature(0).setMaxOutputTokens(TOKENS_MAX))
              .build();
      long began = System.nanoTime();
      long firstNanos = 0;
      String requestId = "";
      int tokens = 0;
      Iterator<GenerateResponse> events =
          InferenceServiceGrpc.newBlockingStub(channel)
              .withDeadlineAfter(60, TimeUnit.SECONDS)
              .generate(request);
      while (events.hasNext()) {
        GenerateResponse event = events.next();
        switch (event.getEventCase()) {
          case ACCEPTED -> requestId = event.getAccepted().getRequestId();
          case DELTA -> {
            firstNanos = firstNanos == 0 ? System.nanoTime() : firstNanos;
            print(event.getDelta().getText());
          }
          case FINISHED -> tokens = event.getFinished().getUsage().getOutputTokens();
          default -> {}
        }
      }
      summary(requestId, tokens, began, firstNanos);
      return requestId;
    } finally {
      channel.shutdownNow();
    }
  }

  private void rest(SampleTenant tenant) throws IOException, InterruptedException {
    out.printf("%nChat completion through REST, as %s (%s):%n", tenant.tenant(), tenant.tier());
    out.printf("  > %s%n  < ", QUESTION_REST);
    Map<String, Object> body =
        Map.of(
            "model",
            tenant.adapter().isEmpty() ? tenant.model() : tenant.model() + ":" + tenant.adapter(),
            "stream",
            true,
            "stream_options",
            Map.of("include_usage", true),
            "temperature",
            0,
            "max_tokens",
            TOKENS_MAX,
            "messages",
            List.of(Map.of("role", "user", "content", QUESTION_REST)));
    try (HttpClient client =
        HttpClient.newBuilder()
            .sslContext(trusting(trust))
            .connectTimeout(Duration.ofSeconds(5))
            .build()) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(endpoints.rest() + "/v1/chat/completions"))
              .header("Authorization", "Bearer " + tenant.apiKey())
              .header("Content-Type", "application/json")
              .timeout(Duration.ofSeconds(60))
              .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body)))
              .build();
      long began = System.nanoTime();
      HttpResponse<Stream<String>> response =
          client.send(request, HttpResponse.BodyHandlers.ofLines());
      if (response.statusCode() != 200) {
        throw new IOException(
            "the REST edge answers "
                + response.statusCode()
                + ": "
                + String.join(" ", response.body().toList()));
      }
      String requestId = response.headers().firstValue("x-request-id").orElse("?");
      readEvents(response.body(), requestId, began);
    }
  }

  private void readEvents(Stream<String> lines, String requestId, long began) throws IOException {
    long firstNanos = 0;
    int tokens = 0;
    for (Iterator<String> i = lines.iterator(); i.hasNext(); ) {
      String line = i.next();
      if (!line.startsWith("data: ") || line.equals("data: [DONE]")) {
        continue;
      }
      JsonNode event = JSON.readTree(line.substring("data: ".length()));
      String text = event.path("choices").path(0).path("delta").path("content").asText("");
      if (!text.isEmpty()) {
        firstNanos = firstNanos == 0 ? System.nanoTime() : firstNanos;
        print(text);
      }
      tokens = event.path("usage").path("completion_tokens").asInt(tokens);
    }
    summary(requestId, tokens, began, firstNanos);
  }

  private void print(String text) {
    out.print(text.replace("\n", "\n    "));
    out.flush();
  }

  private void summary(String requestId, int tokens, long began, long firstNanos) {
    long end = System.nanoTime();
    double decodeSeconds = (end - firstNanos) / 1e9;
    out.printf(
        Locale.ROOT,
        "%n    request %s: first token after %.0f ms, %d tokens, %.0f tokens/s%n",
        requestId,
        firstNanos == 0 ? Double.NaN : (firstNanos - began) / 1e6,
        tokens,
        firstNanos == 0 ? 0 : Math.max(0, tokens - 1) / decodeSeconds);
  }

  private void trace(String requestId) throws Exception {
    List<String> wanted = List.of("gateway", "router", "scheduler", "metering", "audit");
    List<StoredSpan> spans =
        await(
            () -> {
              List<StoredSpan> found = traces.ofRequest(requestId);
              List<String> services = TraceTree.services(found);
              boolean whole =
                  services.containsAll(wanted)
                      && services.stream().anyMatch(name -> name.startsWith("worker"));
              return whole ? Optional.of(found) : Optional.empty();
            });
    if (spans.isEmpty()) {
      spans = traces.ofRequest(requestId);
      out.printf("%nTrace of the gRPC request (spans of some services are missing):%n");
    } else {
      Thread.sleep(SPANS_SETTLE_MS);
      spans = traces.ofRequest(requestId);
      out.printf("%nTrace of the gRPC request:%n");
    }
    TraceTree.render(spans).lines().forEach(line -> out.println("  " + line));
  }

  private void usage(Books books, String requestId) throws Exception {
    List<UsageRow> rows =
        await(() -> Optional.of(books.usage(requestId)).filter(found -> !found.isEmpty()));
    out.printf("%nUsage ledger:%n");
    if (rows.isEmpty()) {
      throw new IOException("no usage row arrived for request " + requestId);
    }
    for (UsageRow row : rows) {
      out.printf(
          Locale.ROOT,
          "  %s: %s, %s %s, %d prompt (%d cached) + %d output tokens, compute %.1f ms, on %s, %s%n",
          row.getEventId(),
          row.getTenant(),
          row.getModel(),
          row.getAdapter(),
          row.getPromptTokens(),
          row.getCachedPromptTokens(),
          row.getOutputTokens(),
          row.getComputeUs() / 1e3,
          row.getWorkerId(),
          row.getOutcome());
    }
  }

  private void audit(Books books, String requestId) throws Exception {
    List<Books.Proved> proofs =
        await(
            () -> {
              List<LoggedRecord> records = books.records(requestId);
              return records.isEmpty()
                  ? Optional.empty()
                  : books.prove(records.get(0)).map(List::of);
            });
    out.printf("%nAudit log:%n");
    if (proofs.isEmpty()) {
      throw new IOException("no proved audit record arrived for request " + requestId);
    }
    for (Books.Proved proved : proofs) {
      out.printf(
          "  record %d (%s, %s, KV blocks allocated %d, zeroed %d)%n",
          proved.logged().getIndex(),
          proved.logged().getRecord().getOperation(),
          proved.logged().getRecord().getOutcome(),
          proved.logged().getRecord().getKvBlocksAllocated(),
          proved.logged().getRecord().getKvBlocksZeroed());
      out.printf(
          "  is in the tree of %d leaves of %s: root %s reached over %d hashes, signature holds%n",
          proved.treeSize(),
          proved.origin(),
          HexFormat.of().formatHex(proved.rootHash().toByteArray()).substring(0, 16) + "…",
          proved.pathLength());
    }
  }

  /** Tries again for a while; an empty list where nothing came. */
  private static <T> List<T> await(Callable<Optional<List<T>>> attempt) throws Exception {
    long deadline = System.currentTimeMillis() + PATIENCE_MS;
    while (System.currentTimeMillis() < deadline) {
      Optional<List<T>> found = attempt.call();
      if (found.isPresent()) {
        return found.get();
      }
      Thread.sleep(150);
    }
    return List.of();
  }

  private static SSLContext trusting(Path authority) throws IOException {
    try (InputStream in = Files.newInputStream(authority)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setCertificateEntry(
          "authority", CertificateFactory.getInstance("X.509").generateCertificate(in));
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, factory.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("cannot use the authority " + authority, e);
    }
  }
}
