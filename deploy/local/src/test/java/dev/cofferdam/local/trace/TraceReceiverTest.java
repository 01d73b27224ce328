package dev.cofferdam.local.trace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceReceiverTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String REQUEST = "00000000000000000000000000000001";

  @TempDir Path folder;
  private TraceFiles files;
  private TraceReceiver receiver;
  private int port;

  @BeforeEach
  void start() throws Exception {
    files = new TraceFiles(folder);
    port =
        dev.cofferdam.local.process.Ports.choose(
                List.of("traces"), Map.of(), Map.of(), new Random())
            .get("traces");
    receiver = TraceReceiver.start(port, files);
  }

  @AfterEach
  void stop() {
    receiver.close();
  }

  private static KeyValue pair(String key, String value) {
    return KeyValue.newBuilder()
        .setKey(key)
        .setValue(AnyValue.newBuilder().setStringValue(value))
        .build();
  }

  private static ByteString bytes(String hex) {
    return ByteString.copyFrom(HexFormat.of().parseHex(hex));
  }

  private static ResourceSpans spans(String service, Span... spans) {
    return ResourceSpans.newBuilder()
        .setResource(Resource.newBuilder().addAttributes(pair("service.name", service)))
        .addScopeSpans(ScopeSpans.newBuilder().addAllSpans(List.of(spans)))
        .build();
  }

  private static Span.Builder span(
      String id, String parent, String name, long startMs, long endMs) {
    return Span.newBuilder()
        .setTraceId(bytes(TRACE))
        .setSpanId(bytes(id))
        .setParentSpanId(parent.isEmpty() ? ByteString.EMPTY : bytes(parent))
        .setName(name)
        .setStartTimeUnixNano(startMs * 1_000_000)
        .setEndTimeUnixNano(endMs * 1_000_000);
  }

  private static ExportTraceServiceRequest request() {
    return ExportTraceServiceRequest.newBuilder()
        .addResourceSpans(
            spans(
                "gateway",
                span("00000000000000a1", "", "Generate", 1_000, 1_050)
                    .addAttributes(pair("cofferdam.request.id", REQUEST))
                    .addAttributes(pair("cofferdam.tenant", "harbor-books"))
                    .addAttributes(pair("cofferdam.tier", "enterprise"))
                    .build()))
        .addResourceSpans(
            spans(
                "router",
                span("00000000000000b2", "00000000000000a1", "Place", 1_005, 1_010).build()))
        .build();
  }

  private int post(byte[] body, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/traces"))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode();
    }
  }

  @Test
  void aRequestsTreeHoldsAlsoTheSpansThatDoNotNameIt() throws Exception {
    assertThat(post(request().toByteArray())).isEqualTo(200);

    List<StoredSpan> spans = files.ofRequest(REQUEST);
    assertThat(TraceTree.services(spans)).containsExactly("gateway", "router");
    assertThat(TraceTree.render(spans).lines().skip(1).map(line -> line.replaceAll(" +", " ")))
        .containsExactly(
            "gateway Generate 0.00 50.00 harbor-books enterprise", "router └ Place 5.00 5.00");
    assertThat(files.ofRequest(TRACE)).hasSize(2);
  }

  @Test
  void compressedSpansAreRead() throws Exception {
    ByteArrayOutputStream zipped = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(zipped)) {
      request().writeTo(out);
    }
    assertThat(post(zipped.toByteArray(), "Content-Encoding", "gzip")).isEqualTo(200);
    assertThat(files.ofRequest(REQUEST)).hasSize(2);
  }

  private HttpResponse<String> ask(String query) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/v2/traces" + query))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void aRequestsTracesAreToldAsZipkinTellsThem() throws Exception {
    post(request().toByteArray());

    HttpResponse<String> told = ask("?limit=4&annotationQuery=cofferdam.request.id%3D" + REQUEST);
    JsonNode traces = new ObjectMapper().readTree(told.body());
    assertThat(traces).hasSize(1);
    JsonNode place = traces.path(0).path(1);
    assertThat(place.path("traceId").asText()).isEqualTo(TRACE);
    assertThat(place.path("parentId").asText()).isEqualTo("00000000000000a1");
    assertThat(place.path("localEndpoint").path("serviceName").asText()).isEqualTo("router");
    assertThat(place.path("timestamp").asLong()).isEqualTo(1_005_000);
    assertThat(place.path("duration").asLong()).isEqualTo(5_000);
    assertThat(ask("?annotationQuery=cofferdam.request.id=" + "f".repeat(32)).body())
        .isEqualTo("[]");
    assertThat(ask("?annotationQuery=cofferdam.tenant=harbor-books").statusCode()).isEqualTo(400);
    assertThat(ask("").statusCode()).isEqualTo(400);
  }

  @Test
  void whatIsNoExportIsRefused() throws Exception {
    assertThat(post(new byte[] {1, 2, 3})).isEqualTo(400);
    assertThat(files.ofRequest(REQUEST)).isEmpty();
  }
}
