package dev.cofferdam.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.TextFormat;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.grpc.GrpcConnections;
import dev.cofferdam.gateway.ingress.grpc.IdentityInterceptor;
import dev.cofferdam.gateway.ingress.grpc.InferenceEndpoint;
import dev.cofferdam.gateway.ingress.rest.RestHarness;
import dev.cofferdam.gateway.ingress.rest.RestSettings;
import dev.cofferdam.mesh.EventLoops;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.ListModelsRequest;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Statuses;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What both edges answer to what nobody should send: the tables are in resources/bad-input. */
@Timeout(60)
class BadInputTest {
  private static final String USER = "[{\"role\":\"user\",\"content\":\"Where is it?\"}]";

  /** Each endpoint's path and a body that it takes. */
  private static final Map<String, List<String>> ENDPOINTS =
      Map.of(
          "chat",
          List.of("/v1/chat/completions", "{\"model\":\"support-desk\",\"messages\":" + USER + "}"),
          "completions",
          List.of("/v1/completions", "{\"model\":\"support-desk\",\"prompt\":\"Hi\"}"),
          "embeddings",
          List.of("/v1/embeddings", "{\"model\":\"support-desk\",\"input\":\"Hi\"}"),
          "responses",
          List.of("/v1/responses", "{\"model\":\"support-desk\",\"input\":\"Hi\"}"),
          "messages",
          List.of(
              "/v1/messages",
              "{\"model\":\"support-desk\",\"max_tokens\":9,\"messages\":" + USER + "}"),
          "count",
          List.of(
              "/v1/messages/count_tokens",
              "{\"model\":\"support-desk\",\"messages\":" + USER + "}"));

  private static final Pattern REPEATED = Pattern.compile("<(\\d+)x(.+?)>(?!\\|)");
  private static final Pattern BYTE = Pattern.compile("\\\\x([0-9A-F]{2})");

  @TempDir static Path folder;
  @TempDir static Path grpcFolder;
  private static RestHarness rest;
  private static EventLoops loops;
  private static MeshServer grpc;
  private static ManagedChannel channel;

  @BeforeAll
  static void start() throws Exception {
    rest = new RestHarness(folder, RestSettings.DEFAULTS);
    TestPki pki = new TestPki(grpcFolder);
    loops = EventLoops.start();
    InferenceEndpoint endpoint =
        new InferenceEndpoint(
            rest.gateway.intake,
            rest.gateway.dispatcher,
            rest.gateway.executor,
            rest.gateway.bodies);
    grpc =
        MeshServer.builder(
                "cofferdam.local", pki.identity("edge", "spiffe://cofferdam.local/service/gateway"))
            .clientCertificateOptional()
            .loops(loops, InferenceEndpoint::isShort)
            .connections(new GrpcConnections(rest.gateway.connections))
            .interceptor(new IdentityInterceptor(rest.gateway.authenticator(), rest.gateway.intake))
            .service(endpoint::strict)
            .start();
    channel =
        NettyChannelBuilder.forAddress("localhost", grpc.port())
            .sslContext(GrpcSslContexts.forClient().trustManager(pki.trust().toFile()).build())
            .build();
  }

  @AfterAll
  static void stop() throws Exception {
    channel.shutdownNow();
    grpc.close();
    loops.close();
    assertThat(rest.gateway.endings).as("generations that were started").isEmpty();
    rest.close();
  }

  private static Stream<List<String>> table(String name) throws IOException {
    try (InputStream in = BadInputTest.class.getResourceAsStream("/bad-input/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.isBlank() && !line.startsWith("#"))
              .map(line -> Arrays.stream(line.split(" \\|(?: |$)", -1)).map(String::strip).toList())
              .toList()
              .stream();
    }
  }

  static Stream<List<String>> restTable() throws IOException {
    return table("rest.txt");
  }

  static Stream<List<String>> grpcTable() throws IOException {
    return table("grpc.txt");
  }

  /** The bytes of a body as the table writes it. */
  private static byte[] body(String written, String valid) {
    String text =
        written.startsWith("+")
            ? valid.substring(0, valid.length() - 1) + "," + written.substring(1) + "}"
            : written;
    Matcher repeated = REPEATED.matcher(text);
    text = repeated.replaceAll(m -> Matcher.quoteReplacement(repeated(m.group(1), m.group(2))));
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    String bytes = new String(utf8, StandardCharsets.ISO_8859_1);
    Matcher escaped = BYTE.matcher(bytes);
    return escaped
        .replaceAll(
            m -> Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(m.group(1), 16))))
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String repeated(String times, String text) {
    return text.repeat(Integer.parseInt(times));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("restTable")
  void overRest(List<String> row) throws Exception {
    List<String> endpoint = ENDPOINTS.get(row.get(1));
    HttpResponse<String> response =
        rest.send(
            rest.request(endpoint.get(0))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body(row.get(2), endpoint.get(1))))
                .build());
    JsonNode error = RestHarness.json(response).path("error");
    assertThat(
            response.statusCode()
                + " "
                + error.path("code").asText()
                + " "
                + error.path("param").asText("-").replace("null", "-"))
        .as(row.get(0) + ": " + response.body())
        .isEqualTo(row.get(3));
    assertThat(response.headers().firstValue("x-request-id")).isPresent();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("grpcTable")
  void overGrpc(List<String> row) throws Exception {
    GenerateRequest request = TextFormat.parse(row.get(1), GenerateRequest.class);
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + SampleGateway.KEY);
    var client =
        InferenceServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    try {
      client.generate(request).forEachRemaining(answer -> {});
      throw new AssertionError(row.get(0) + " was served");
    } catch (StatusRuntimeException e) {
      Refusal refusal = Statuses.toRefusal(e);
      assertThat(
              e.getStatus().getCode()
                  + " "
                  + refusal.code().wireName()
                  + " "
                  + refusal.parameter().orElse("-"))
          .as(row.get(0))
          .isEqualTo(row.get(2));
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "two keys | authorization: Bearer cdm_test~authorization: Bearer cdm_next | PERMISSION_DENIED identity_mismatch",
        "two keys, the first of nobody | authorization: Bearer cdm_none~authorization: Bearer cdm_test | UNAUTHENTICATED unauthenticated",
        "two tokens beside a key | authorization: Bearer cdm_test~authorization: Bearer a.b.c~authorization: Bearer a.b.d | PERMISSION_DENIED identity_mismatch",
        "two claims of a tenant | authorization: Bearer cdm_test~x-tenant-id: a~x-tenant-id: b | PERMISSION_DENIED identity_mismatch",
        "a claim without a key | x-tenant-id: harbor-books | UNAUTHENTICATED unauthenticated",
        "a key in another scheme | authorization: Basic Y2RtX3Rlc3Q= | UNAUTHENTICATED unauthenticated",
        "a key without a scheme | authorization: cdm_test | UNAUTHENTICATED unauthenticated",
        "a key where REST has it | x-api-key: cdm_test | UNAUTHENTICATED unauthenticated",
      })
  void credentialsOverGrpc(String what, String written, String answer) {
    Metadata headers = new Metadata();
    for (String header : written.split("~")) {
      String[] parts = header.split(": ", 2);
      headers.put(Metadata.Key.of(parts[0], Metadata.ASCII_STRING_MARSHALLER), parts[1]);
    }
    var client =
        InferenceServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    assertThatThrownBy(() -> client.listModels(ListModelsRequest.getDefaultInstance()))
        .as(what)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e ->
                assertThat(e.getStatus().getCode() + " " + Statuses.toRefusal(e).code().wireName())
                    .isEqualTo(answer));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a length beside chunks | POST /v1/chat/completions HTTP/1.1~host: x~content-length: 5~transfer-encoding: chunked~~0~~ | 4",
        "two lengths | POST /v1/chat/completions HTTP/1.1~host: x~content-length: 5~content-length: 6~~abcde | 400",
        "a length that is no number | POST /v1/chat/completions HTTP/1.1~host: x~content-length: five~~abcde | 400",
        "a length below 0 | POST /v1/chat/completions HTTP/1.1~host: x~content-length: -5~~abcde | 400",
        "white space before a colon | GET /v1/models HTTP/1.1~host: x~authorization : Bearer x~~ | 400",
        "a header without a name | GET /v1/models HTTP/1.1~host: x~: x~~ | 401",
        "a method that is none | G@T /v1/models HTTP/1.1~host: x~~ | 4",
        "a version that is none | GET /v1/models HTTP/9.9~host: x~~ | 501",
        "no request at all | hello~~ | 400",
        "a key in another scheme | GET /v1/models HTTP/1.1~host: x~authorization: Basic Y2RtX3Rlc3Q=~~ | 401",
        "a key in the path | GET /v1/models?api_key=cdm_test HTTP/1.1~host: x~~ | 401",
        "a path above the root | GET /v1/../../etc/passwd HTTP/1.1~host: x~authorization: Bearer cdm_test~~ | 404",
        "an encoded path above the root | GET /v1/%2e%2e/%2e%2e/etc/passwd HTTP/1.1~host: x~authorization: Bearer cdm_test~~ | 404",
        "a model's path | GET /v1/models/..%2fsecret-model HTTP/1.1~host: x~authorization: Bearer cdm_test~~ | 404",
        "a percent sign alone | GET /v1/models/%zz HTTP/1.1~host: x~authorization: Bearer cdm_test~~ | 4",
        "a method that no path has | DELETE /v1/chat/completions HTTP/1.1~host: x~authorization: Bearer cdm_test~~ | 404",
        "two keys | GET /v1/models HTTP/1.1~host: x~authorization: Bearer cdm_test~authorization: Bearer cdm_other~~ | 403",
        "a key beside another | GET /v1/models HTTP/1.1~host: x~authorization: Bearer cdm_test~x-api-key: cdm_next~~ | 403",
        "two tokens beside a key | GET /v1/models HTTP/1.1~host: x~x-api-key: cdm_test~authorization: Bearer a.b.c~authorization: Bearer a.b.d~~ | 403",
        "two claims of a tenant | GET /v1/models HTTP/1.1~host: x~authorization: Bearer cdm_test~x-tenant-id: a~x-tenant-id: b~~ | 403",
      })
  void overASocket(String what, String request, String status) throws Exception {
    try (Socket socket = new Socket("127.0.0.1", rest.port())) {
      socket.setSoTimeout(20_000);
      socket
          .getOutputStream()
          .write(request.replace("~", "\r\n").getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      String answer =
          new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      assertThat(answer).as(what).matches("(?s)HTTP/\\d\\.\\d " + status + ".*");
      assertThat(answer.split("HTTP/\\d\\.\\d \\d{3}", -1)).as("one answer").hasSize(2);
      if (status.equals("403")) {
        assertThat(rest.gateway.facts.last().severity()).isEqualTo(AuditFact.Severity.CRITICAL);
      }
    }
  }

  /** Bodies near valid ones: whatever comes, the answer has a code and is no fault of ours. */
  @Test
  void mutatedBodiesNeverBreakTheEdge() throws Exception {
    long seed = Long.getLong("cofferdam.seed", 20_240_611);
    Random random = new Random(seed);
    List<String> names = ENDPOINTS.keySet().stream().sorted().toList();
    for (int i = 0; i < Integer.getInteger("cofferdam.fuzz.bodies", 400); i++) {
      List<String> endpoint = ENDPOINTS.get(names.get(random.nextInt(names.size())));
      byte[] body = mutated(endpoint.get(1).getBytes(StandardCharsets.UTF_8), random);
      HttpResponse<String> response =
          rest.send(
              rest.request(endpoint.get(0))
                  .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                  .build());
      assertThat(response.statusCode())
          .as("seed %d, body %d to %s: %s", seed, i, endpoint.get(0), response.body())
          .isIn(200, 400, 404);
      if (response.statusCode() != 200) {
        assertThat(RestHarness.json(response).path("error").path("code").asText()).isNotEmpty();
      }
    }
    while (rest.gateway.endings.poll() != null) {
      // Some of them are valid.
    }
  }

  private static byte[] mutated(byte[] body, Random random) {
    byte[] mutated = body;
    for (int edits = 1 + random.nextInt(3); edits > 0; edits--) {
      int at = random.nextInt(mutated.length);
      int length = Math.min(mutated.length - at, 1 + random.nextInt(8));
      byte[] before = Arrays.copyOf(mutated, at);
      byte[] piece = Arrays.copyOfRange(mutated, at, at + length);
      byte[] after = Arrays.copyOfRange(mutated, at + length, mutated.length);
      switch (random.nextInt(4)) {
        case 0 -> piece = new byte[0];
        case 1 -> random.nextBytes(piece);
        case 2 -> piece = concatenated(piece, piece);
        default ->
            piece = TOKENS.get(random.nextInt(TOKENS.size())).getBytes(StandardCharsets.UTF_8);
      }
      mutated = concatenated(concatenated(before, piece), after);
      if (mutated.length == 0) {
        mutated = new byte[] {'{'};
      }
    }
    return mutated;
  }

  private static final List<String> TOKENS =
      List.of(
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "\"",
          "null",
          "true",
          "-1",
          "1e400",
          "9223372036854775808",
          "\"n\":",
          "\"stream\":true,",
          "\"stop\":[",
          "\\ud800",
          "\\u0000",
          "\"model\":\"\",");

  private static byte[] concatenated(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
