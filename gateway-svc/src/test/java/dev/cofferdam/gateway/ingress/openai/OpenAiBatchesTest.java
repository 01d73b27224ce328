package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cofferdam.gateway.batch.BatchRunner;
import dev.cofferdam.gateway.batch.BatchSettings;
import dev.cofferdam.gateway.batch.BatchStore;
import dev.cofferdam.gateway.batch.postgres.PostgresBatchStore;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.gateway.ingress.rest.RestHarness;
import dev.cofferdam.gateway.ingress.rest.RestSettings;
import dev.cofferdam.gateway.tenancy.KeyVerifier;
import dev.cofferdam.gateway.tenancy.Tenants;
import dev.cofferdam.gateway.tenancy.postgres.ServingDatabase;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files and batches over HTTP, with PostgreSQL, a router and workers behind them. */
@Timeout(60)
class OpenAiBatchesTest {
  private static final JsonMapper JSON = new JsonMapper();

  private static final BatchSettings SETTINGS =
      new BatchSettings(
          20_000,
          50,
          3,
          40_000,
          2,
          2,
          2,
          Duration.ofHours(24),
          Duration.ofDays(1),
          Duration.ofMillis(20),
          Duration.ofSeconds(5));

  @TempDir Path folder;
  private final BatchStore store =
      new PostgresBatchStore(ServingDatabase.emptied().open(), new byte[32]);
  private RestHarness rest;
  private BatchClient client;
  private BatchRunner runner;
  private final OneTenant tenants = new OneTenant();

  @BeforeEach
  void start() throws Exception {
    rest = harness(folder, SETTINGS);
    client = new BatchClient(rest);
    OpenAiLines lines =
        new OpenAiLines(
            rest.gateway.intake,
            rest.gateway.dispatcher,
            tenants,
            () -> true,
            InstantSource.system());
    runner = new BatchRunner(store, lines, SETTINGS, InstantSource.system(), "a");
  }

  private RestHarness harness(Path certificates, BatchSettings settings) throws Exception {
    return new RestHarness(
        certificates,
        RestSettings.DEFAULTS,
        (edge, router) ->
            new OpenAiBatches(edge, store, settings, RestHarness.nobodys(), InstantSource.system())
                .mount(router));
  }

  @AfterEach
  void stop() throws Exception {
    runner.close();
    rest.close();
  }

  private static final class OneTenant implements Tenants {
    volatile long keyUntilEpochS;

    @Override
    public Optional<TenantProfile> tenant(TenantId id) {
      return Optional.of(Samples.identity(dev.cofferdam.vocabulary.Tier.STANDARD).tenant());
    }

    @Override
    public Optional<KeyVerifier> key(String keyId) {
      return Optional.of(
          new KeyVerifier(keyId, new TenantId("harbor-books"), new byte[32], keyUntilEpochS));
    }
  }

  private JsonNode awaitEnd(String batch) throws Exception {
    JsonNode now = RestHarness.json(client.get("/v1/batches/" + batch));
    while (now.path("status").asText().equals("in_progress")) {
      Thread.sleep(20);
      now = RestHarness.json(client.get("/v1/batches/" + batch));
    }
    return now;
  }

  private Map<String, JsonNode> lines(String file) throws Exception {
    HttpResponse<String> response = client.get("/v1/files/" + file + "/content");
    assertThat(response.statusCode()).isEqualTo(200);
    Map<String, JsonNode> lines = new HashMap<>();
    for (String line : response.body().lines().toList()) {
      JsonNode json = JSON.readTree(line);
      lines.put(json.path("custom_id").asText(), json);
    }
    return lines;
  }

  @Test
  void aFileOfRequestsBecomesAFileOfAnswersAndOneOfErrors() throws Exception {
    String file =
        client.uploaded(
            BatchClient.line(
                    "ask",
                    "/v1/chat/completions",
                    "{\"model\":\"support-desk\",\"n\":2,\"messages\":[{\"role\":\"user\","
                        + "\"content\":\"Where is it?\"}]}")
                + BatchClient.line(
                    "bad", "/v1/chat/completions", "{\"model\":\"support-desk\",\"tools\":[{}]}"));
    HttpResponse<String> created = client.create(file, "/v1/chat/completions");
    JsonNode batch = RestHarness.json(created);
    assertThat(created.statusCode()).as(created.body()).isEqualTo(200);
    assertThat(batch.path("status").asText()).isEqualTo("in_progress");
    assertThat(batch.path("object").asText()).isEqualTo("batch");
    assertThat(batch.path("request_counts").path("total").asInt()).isEqualTo(2);
    assertThat(batch.path("output_file_id").isNull()).isTrue();
    assertThat(batch.path("metadata").path("a").asText()).isEqualTo("b");

    runner.start();
    JsonNode ended = awaitEnd(batch.path("id").asText());

    assertThat(ended.path("status").asText()).isEqualTo("completed");
    assertThat(ended.path("request_counts").path("completed").asInt()).isEqualTo(1);
    assertThat(ended.path("request_counts").path("failed").asInt()).isEqualTo(1);
    assertThat(ended.path("completed_at").asLong()).isPositive();
    JsonNode answer = lines(ended.path("output_file_id").asText()).get("ask");
    assertThat(answer.path("response").path("status_code").asInt()).isEqualTo(200);
    JsonNode body = answer.path("response").path("body");
    assertThat(body.path("choices").path(1).path("message").path("content").asText())
        .isEqualTo(RestHarness.ANSWER);
    assertThat(body.path("object").asText()).isEqualTo("chat.completion");
    JsonNode error = lines(ended.path("error_file_id").asText()).get("bad");
    assertThat(error.path("response").path("status_code").asInt()).isEqualTo(400);
    assertThat(error.path("response").path("body").path("error").path("param").asText())
        .isEqualTo("tools");
    assertThat(rest.fleet.placed)
        .hasSize(2)
        .allMatch(p -> p.getEnvelope().getWorkloadClass() == WorkloadClass.WORKLOAD_CLASS_BATCH);
    JsonNode listed = RestHarness.json(client.get("/v1/batches?limit=1"));
    assertThat(listed.path("data").path(0)).isEqualTo(ended);
    assertThat(listed.path("has_more").asBoolean()).isFalse();
  }

  @Test
  void whatALimitRefusesWaitsAndIsAnsweredLater() throws Exception {
    String file =
        client.uploaded(BatchClient.embedding("one", "Hi") + BatchClient.embedding("two", "Hello"));
    rest.gateway.limitWith =
        Optional.of(Refusal.of(dev.cofferdam.vocabulary.ErrorCode.RATE_LIMIT_TOKENS, "too many"));
    String batch = RestHarness.json(client.create(file, "/v1/embeddings")).path("id").asText();
    runner.start();
    // Each line is refused, waits, and is refused again.
    while (rest.gateway.endings.size() < 4) {
      Thread.sleep(10);
    }
    rest.gateway.limitWith = Optional.empty();

    JsonNode ended = awaitEnd(batch);
    assertThat(ended.path("request_counts").path("completed").asInt()).isEqualTo(2);
    Map<String, JsonNode> lines = lines(ended.path("output_file_id").asText());
    assertThat(lines.keySet()).containsExactlyInAnyOrder("one", "two");
    assertThat(rest.gateway.facts.facts())
        .as("one fact says that a line waits, however often it is tried")
        .filteredOn(fact -> fact.outcome() == AuditFact.Outcome.REFUSED)
        .hasSize(2)
        .allMatch(fact -> fact.code().equals("rate_limit_tokens"));
    assertThat(
            lines.get("two").path("response").path("body").path("data").path(0).path("embedding"))
        .hasSize(2);
  }

  @Test
  void aRevokedKeyEndsTheJobThatItAskedFor() throws Exception {
    String file = client.uploaded(BatchClient.embedding("one", "Hi"));
    String batch = RestHarness.json(client.create(file, "/v1/embeddings")).path("id").asText();
    tenants.keyUntilEpochS = 1;
    runner.start();

    JsonNode ended = awaitEnd(batch);
    assertThat(ended.path("status").asText()).isEqualTo("failed");
    assertThat(ended.path("failed_at").asLong()).isPositive();
    assertThat(ended.path("errors").path("data").path(0).path("code").asText())
        .isEqualTo("batch_revoked");
    JsonNode line = lines(ended.path("error_file_id").asText()).get("one");
    assertThat(line.path("error").path("code").asText()).isEqualTo("batch_revoked");
    assertThat(rest.fleet.placed).isEmpty();
  }

  @Test
  void filesAreListedReadAndDeletedAndNotWhileTheyAreNeeded() throws Exception {
    String content = BatchClient.embedding("one", "Grüße \uD83D\uDCE6");
    String file = client.uploaded(content);
    JsonNode described = RestHarness.json(client.get("/v1/files/" + file));
    assertThat(described.path("filename").asText()).isEqualTo("in.jsonl");
    assertThat(described.path("purpose").asText()).isEqualTo("batch");
    assertThat(RestHarness.json(client.get("/v1/files?purpose=batch")).path("data")).hasSize(1);
    assertThat(client.get("/v1/files/" + file + "/content").body()).isEqualTo(content);

    String batch = RestHarness.json(client.create(file, "/v1/embeddings")).path("id").asText();
    HttpRequest delete = rest.request("/v1/files/" + file).DELETE().build();
    assertThat(BatchClient.error(rest.send(delete))).isEqualTo("409 failed_precondition file_id");
    JsonNode cancelled = RestHarness.json(rest.post("/v1/batches/" + batch + "/cancel", ""));
    assertThat(cancelled.path("status").asText()).isEqualTo("cancelling");
    runner.start();
    while (!RestHarness.json(client.get("/v1/batches/" + batch))
        .path("status")
        .asText()
        .equals("cancelled")) {
      Thread.sleep(20);
    }
    assertThat(rest.post("/v1/batches/" + batch + "/cancel", "").statusCode()).isEqualTo(200);
    assertThat(RestHarness.json(rest.send(delete)).path("deleted").asBoolean()).isTrue();
    assertThat(BatchClient.error(client.get("/v1/files/" + file)))
        .isEqualTo("404 not_found file_id");
    assertThat(BatchClient.error(rest.send(delete))).isEqualTo("404 not_found file_id");
  }

  @Test
  void aTenantWhoseModelNoBatchPoolServesIsRefused() throws Exception {
    rest.gateway.served = false;

    assertThat(
            BatchClient.error(
                client.create(client.uploaded(BatchClient.embedding("a", "x")), "/v1/embeddings")))
        .isEqualTo("403 not_allowed input_file_id");
  }

  @Test
  void whatIsOverTheBoundsIsRefused() throws Exception {
    assertThat(BatchClient.error(client.upload("x".repeat(20_001))))
        .isEqualTo("413 request_too_large file");
    assertThat(client.upload("x".repeat(200_000)).statusCode()).isEqualTo(413);
    client.uploaded("x".repeat(19_000));
    client.uploaded("x".repeat(19_000));
    assertThat(BatchClient.error(client.upload("x".repeat(19_000))))
        .isEqualTo("409 failed_precondition file");
    client.uploaded("x");
    assertThat(BatchClient.error(client.upload("x"))).isEqualTo("409 failed_precondition file");
    assertThat(BatchClient.error(client.upload("fine-tune", "x")))
        .isEqualTo("400 invalid_request purpose");
    assertThat(BatchClient.error(client.upload(""))).isEqualTo("400 invalid_request file");
  }

  @Test
  void uploadsThatDoNotComeKeepNobodyFromUploading() throws Exception {
    rest.close();
    rest = harness(Files.createDirectory(folder.resolve("more")), BatchSettings.DEFAULTS);
    client = new BatchClient(rest);
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        Socket socket = new Socket("127.0.0.1", rest.port());
        slow.add(socket);
        String head =
            "POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
                + SampleGateway.NEIGHBOUR_KEY
                + "\r\ncontent-length: 9000\r\n\r\n--xyz";
        socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      }
      while (rest.gateway.connections.held() < 8) {
        Thread.sleep(5);
      }

      client.uploaded(BatchClient.embedding("a", "x"));
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  @Test
  void moreJobsThanATenantMayHaveAreRefused() throws Exception {
    String file = client.uploaded(BatchClient.embedding("a", "x"));
    client.create(file, "/v1/embeddings");
    // Each job brings two files of its own, which count when they are seen, so that only this bound
    // is met.
    client.create(file, "/v1/embeddings");

    assertThat(BatchClient.error(client.create(file, "/v1/embeddings")))
        .isEqualTo("429 rate_limit_exceeded -");
  }
}
