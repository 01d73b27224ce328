package dev.cofferdam.load;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.cofferdam.load.drive.Target;
import dev.cofferdam.load.result.Objective;
import dev.cofferdam.load.run.LoadRun;
import dev.cofferdam.load.scenario.Scenario;
import dev.cofferdam.load.scenario.yaml.ScenarioFile;
import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.inference.v1.Accepted;
import dev.cofferdam.proto.inference.v1.Finished;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.TextDelta;
import dev.cofferdam.proto.inference.v1.Usage;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.Tier;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.StringReader;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real clients over TLS, against servers that answer as the gateway's APIs do. */
class ClientsTest {
  private static final int ANSWERED = 3;

  @TempDir Path folder;

  /** Answers a few requests and refuses the rest. */
  private static final class Inference extends InferenceServiceGrpc.InferenceServiceImplBase {
    private final AtomicInteger asked = new AtomicInteger();

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
      if (asked.incrementAndGet() > ANSWERED) {
        throw Refusal.of(ErrorCode.RATE_LIMIT_TOKENS, "over the limit").asException();
      }
      assertThat(request.getModel()).isEqualTo("support-desk");
      assertThat(request.getAdapter()).isEqualTo("books");
      observer.onNext(
          GenerateResponse.newBuilder().setAccepted(Accepted.getDefaultInstance()).build());
      observer.onNext(
          GenerateResponse.newBuilder().setDelta(TextDelta.newBuilder().setText("a")).build());
      observer.onNext(
          GenerateResponse.newBuilder()
              .setFinished(
                  Finished.newBuilder()
                      .setUsage(
                          Usage.newBuilder()
                              .setPromptTokens(20)
                              .setCachedPromptTokens(16)
                              .setOutputTokens(request.getSampling().getMaxOutputTokens())))
              .build());
      observer.onCompleted();
    }
  }

  private static void events(HttpExchange exchange, AtomicInteger asked) throws IOException {
    try (exchange) {
      String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
      boolean refused =
          asked.incrementAndGet() > ANSWERED
              || !body.contains("support-desk:books")
              || !"Bearer cdm_key".equals(exchange.getRequestHeaders().getFirst("authorization"));
      byte[] answer =
          (refused
                  ? "{\"error\":{\"code\":\"rate_limit_tokens\",\"message\":\"no\"}}"
                  : """
                  data: {"choices":[{"delta":{"role":"assistant","content":""}}]}

                  data: {"choices":[{"delta":{"content":"a"}}]}

                  data: {"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":16}}}

                  data: [DONE]

                  """)
              .getBytes(UTF_8);
      exchange.sendResponseHeaders(refused ? 429 : 200, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }

  private static Scenario scenario(String api) {
    return ScenarioFile.read(
        new StringReader(
            "{seconds: 1, streams: [{tenant: harbor-books, adapter: own, api: "
                + api
                + ", at_s: [0.01, 0.02, 0.03, 0.04], input_words: 5, output_tokens: 7}]}"));
  }

  private void assertDriven(Target target, String api) throws IOException {
    try (LoadRun run = new LoadRun(target, Map.of(), line -> {})) {
      String json = run.once(scenario(api), 1, Objective.DEFAULT).json();
      assertThat(json.replaceAll("\\s", ""))
          .contains(
              "\"requests\":4,\"served\":3",
              "\"prompt_tokens\":60,\"cached_prompt_tokens\":48,\"output_tokens\":21",
              "\"not_served\":{\"rate_limit_tokens\":1}");
    }
  }

  private static Target target(String grpc, String rest, Path trust) {
    return new Target(
        grpc,
        rest,
        trust,
        "support-desk",
        Map.of(
            new TenantId("harbor-books"),
            new Target.Credentials("cdm_key", Optional.empty(), "books", Tier.ENTERPRISE)));
  }

  @Test
  void overGrpcAnswersAreCountedAndRefusalsHaveTheirCode() throws Exception {
    TestPki pki = new TestPki(folder);
    try (MeshServer server =
        MeshServer.builder(
                "cofferdam.local", pki.identity("gw", "spiffe://cofferdam.local/service/gateway"))
            .listen("127.0.0.1", 0)
            .clientCertificateOptional()
            .service(new Inference())
            .start()) {
      assertDriven(
          target("127.0.0.1:" + server.port(), "https://127.0.0.1:1", pki.trust()), "grpc");
    }
  }

  @Test
  void overRestAnswersAreCountedAndRefusalsHaveTheirCode() throws Exception {
    TestPki pki = new TestPki(folder);
    TlsFiles files = pki.identity("gw", "spiffe://cofferdam.local/service/gateway");
    try (JdkTls tls = JdkTls.server(files)) {
      HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
      server.setHttpsConfigurator(new HttpsConfigurator(tls.context()));
      AtomicInteger asked = new AtomicInteger();
      server.createContext("/v1/chat/completions", exchange -> events(exchange, asked));
      server.start();
      try {
        String url = "https://127.0.0.1:" + server.getAddress().getPort();
        assertDriven(target("127.0.0.1:1", url, pki.trust()), "rest");
      } finally {
        server.stop(0);
      }
    }
  }
}
