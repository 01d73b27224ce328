package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.rest.RestHarness;
import dev.cofferdam.gateway.retrieval.Documents;
import dev.cofferdam.gateway.tenancy.postgres.ServingDatabase;
import dev.cofferdam.gateway.transcripts.Transcripts;
import dev.cofferdam.gateway.transcripts.Vault;
import dev.cofferdam.gateway.transcripts.postgres.PostgresTranscripts;
import dev.cofferdam.vocabulary.PersonalData;
import dev.cofferdam.vocabulary.Tier;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of prompts and answers, over HTTP and a real PostgreSQL. */
@Timeout(60)
class StoredRequestsTest {
  @TempDir Path folder;
  private final ServingDatabase server = ServingDatabase.emptied();
  private final Transcripts transcripts =
      new PostgresTranscripts(server.open(), new Vault(new byte[32]));
  private RestHarness rest;

  @BeforeEach
  void start() throws Exception {
    rest = new RestHarness(folder, Documents.NONE, transcripts);
  }

  @AfterEach
  void stop() throws Exception {
    rest.close();
  }

  private HttpResponse<String> ask(String question) throws Exception {
    HttpResponse<String> response =
        rest.post(
            "/v1/chat/completions",
            "{\"model\":\"support-desk\",\"messages\":[{\"role\":\"user\",\"content\":\""
                + question
                + "\"}]}");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(rest.gateway.endings.poll(10, TimeUnit.SECONDS)).isNotNull();
    return response;
  }

  /** Asks, and waits until the request was kept or lost. */
  private String kept(String question) throws Exception {
    long before = rest.gateway.written.kept() + rest.gateway.written.lost();
    String id = ask(question).headers().firstValue("x-request-id").orElseThrow();
    while (rest.gateway.written.kept() + rest.gateway.written.lost() == before) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
    return id;
  }

  private HttpResponse<String> call(String method, String path) throws Exception {
    return rest.send(
        rest.request(path).method(method, HttpRequest.BodyPublishers.noBody()).build());
  }

  @Test
  void aTenantReadsListsAndDeletesItsOwnRequests() throws Exception {
    rest.gateway.keptSeconds = 60;
    String id = kept("Where is my parcel?");

    JsonNode read = RestHarness.json(call("GET", "/v1/stored-requests/" + id));
    assertThat(read.path("input").path(0).path("content").asText())
        .isEqualTo("Where is my parcel?");
    assertThat(read.path("answer").asText()).isEqualTo(RestHarness.ANSWER);
    assertThat(read.path("outcome").asText()).isEqualTo("completed");
    assertThat(read.path("expires_at").asLong() - read.path("created_at").asLong()).isEqualTo(60);
    JsonNode list = RestHarness.json(call("GET", "/v1/stored-requests"));
    assertThat(list.path("data").findValuesAsText("id")).containsExactly(id);

    assertThat(call("DELETE", "/v1/stored-requests/" + id).statusCode()).isEqualTo(200);
    assertThat(call("GET", "/v1/stored-requests/" + id).statusCode()).isEqualTo(404);
    assertThat(call("GET", "/v1/stored-requests/..%2fx").statusCode()).isEqualTo(404);
    kept("Another one?");
    assertThat(call("DELETE", "/v1/stored-requests").statusCode()).isEqualTo(200);
    assertThat(server.asSuperuser("select count(*) from transcript_keys")).isEqualTo("0");
  }

  @Test
  void nothingIsWrittenForATenantThatDoesNotWantIt() throws Exception {
    ask("Where is my parcel?");
    rest.gateway.keptSeconds = 60;
    kept("Where is it now?");

    assertThat(server.asSuperuser("select count(*) from transcripts")).isEqualTo("1");
    assertThat(rest.gateway.written.kept()).isEqualTo(1);
    assertThat(rest.gateway.written.lost()).isZero();
  }

  @Test
  void personalDataIsMaskedBeforeItIsKeptAndCountedInTheAuditFact() throws Exception {
    rest.gateway.tier = Tier.ENTERPRISE;
    rest.gateway.keptSeconds = 60;

    String id = kept("I am anna.berg@example.com, or bo@example.com; where is my parcel?");

    assertThat(call("GET", "/v1/stored-requests/" + id).body())
        .contains("I am [EMAIL_1], or [EMAIL_2]; where")
        .doesNotContain("anna.berg");
    assertThat(rest.gateway.facts.await(1).getLast().generation().orElseThrow().masked())
        .isEqualTo(Map.of(PersonalData.EMAIL, 2));
  }

  @Test
  void aRequestThatCannotBeKeptIsAnsweredCountedAndToldToTheAuditLog(@TempDir Path other)
      throws Exception {
    try (RestHarness bare = new RestHarness(other, Documents.NONE)) {
      bare.gateway.keptSeconds = 60;
      HttpResponse<String> response =
          bare.post(
              "/v1/chat/completions",
              "{\"model\":\"support-desk\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
      assertThat(response.statusCode()).isEqualTo(200);
      while (bare.gateway.written.lost() == 0) {
        TimeUnit.MILLISECONDS.sleep(5);
      }
      // Of the request's own fact and this one, either may be the first.
      AuditFact fact =
          bare.gateway.facts.await(2).stream()
              .filter(one -> one.operation().equals("store_request"))
              .findFirst()
              .orElseThrow();
      assertThat(fact.outcome()).isEqualTo(AuditFact.Outcome.FAILED);
      assertThat(fact.code()).isEqualTo("not_offered");
      assertThat(fact.requestId().orElseThrow().value())
          .isEqualTo(response.headers().firstValue("x-request-id").orElseThrow());
      assertThat(bare.send(bare.request("/v1/stored-requests").build()).statusCode())
          .isEqualTo(501);
    }
  }
}
