package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.rest.RestHarness;
import dev.cofferdam.gateway.ingress.rest.RestSettings;
import dev.cofferdam.gateway.prompt.SampleFormats;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.Tier;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Embeddings over HTTP, with a router and workers behind it over mTLS. */
@Timeout(60)
class EmbeddingsTest {
  private static final List<String> TEXTS =
      IntStream.range(0, 20).mapToObj(i -> "parcel ".repeat(1 + i) + i).toList();

  @TempDir Path folder;
  private RestHarness rest;

  @BeforeEach
  void start() throws Exception {
    rest = new RestHarness(folder, RestSettings.DEFAULTS);
  }

  @AfterEach
  void stop() throws Exception {
    rest.close();
  }

  private HttpResponse<String> embed(List<String> texts, String fields) throws Exception {
    return rest.post(
        "/v1/embeddings",
        "{\"model\":\"support-desk\",\"input\":[\""
            + String.join("\",\"", texts)
            + "\"]"
            + fields
            + "}");
  }

  private void awaitEndings(int count) throws InterruptedException {
    for (int i = 0; i < count; i++) {
      assertThat(rest.gateway.endings.poll(20, TimeUnit.SECONDS)).as("an ending").isNotNull();
    }
  }

  /** The settlement comes after the last ending's effects, on the same thread. */
  private void awaitSettled(String... settled) throws InterruptedException {
    for (int i = 0; i < 2_000 && rest.gateway.settled.size() < settled.length; i++) {
      Thread.sleep(5);
    }
    assertThat(rest.gateway.settled).containsExactly(settled);
  }

  @Test
  void eachTextHasItsVectorAndAllOfThemAreOneRequestForTheLimits() throws Exception {
    HttpResponse<String> response = embed(TEXTS, "");
    JsonNode body = RestHarness.json(response);

    int tokens = 0;
    for (int i = 0; i < TEXTS.size(); i++) {
      int[] input = SampleFormats.SUPPORT_DESK.ofText(TEXTS.get(i));
      tokens += input.length;
      JsonNode entry = body.path("data").path(i);
      assertThat(entry.path("object").asText()).isEqualTo("embedding");
      assertThat(entry.path("index").asInt()).isEqualTo(i);
      assertThat(entry.path("embedding").path(0).asInt()).isEqualTo(input.length);
      assertThat(entry.path("embedding").path(1).asInt()).isEqualTo(input[input.length - 1]);
    }
    assertThat(body.path("data").size()).isEqualTo(TEXTS.size());
    assertThat(body.path("object").asText()).isEqualTo("list");
    assertThat(body.path("model").asText()).isEqualTo("support-desk");
    assertThat(body.path("usage").path("prompt_tokens").asInt()).isEqualTo(tokens);
    assertThat(body.path("usage").path("total_tokens").asInt()).isEqualTo(tokens);
    assertThat(response.headers().firstValue("x-ratelimit-remaining-tokens")).contains("99000");
    awaitEndings(TEXTS.size());
    awaitSettled(tokens + "+0");
    assertThat(rest.gateway.facts.await(TEXTS.size())).hasSize(TEXTS.size());
    assertThat(rest.gateway.facts.facts())
        .allMatch(fact -> fact.operation().equals("embed"))
        .allMatch(fact -> fact.outcome() == AuditFact.Outcome.COMPLETED);
  }

  @Test
  void vectorsAreWrittenAsBytesWhereThatIsAskedFor() throws Exception {
    JsonNode body = RestHarness.json(embed(List.of("Hi"), ",\"encoding_format\":\"base64\""));

    byte[] bytes = Base64.getDecoder().decode(body.path("data").path(0).path("embedding").asText());
    ByteBuffer values = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int[] input = SampleFormats.SUPPORT_DESK.ofText("Hi");
    assertThat(values.getFloat()).isEqualTo(input.length);
    assertThat(values.getFloat()).isEqualTo(input[input.length - 1]);
    assertThat(values.hasRemaining()).isFalse();
  }

  @Test
  void personalDataIsMaskedBeforeAWorkerSeesIt() throws Exception {
    rest.gateway.tier = Tier.ENTERPRISE;

    assertThat(embed(List.of("Mail jane@example.com"), "").statusCode()).isEqualTo(200);
    assertThat(rest.fleet.generated.getLast().getTokenIdsList())
        .containsExactlyElementsOf(
            IntStream.of(SampleFormats.SUPPORT_DESK.ofText("Mail [EMAIL_1]")).boxed().toList());
  }

  @Test
  void aWorkerThatDiesIsReplaced() throws Exception {
    rest.fleet.dieAfter = 0;

    assertThat(embed(TEXTS.subList(0, 4), "").statusCode()).isEqualTo(200);
  }

  @Test
  void overALimitNothingIsServedAndOneRequestIsRefused() throws Exception {
    rest.gateway.limitWith = Optional.of(Refusal.of(ErrorCode.RATE_LIMIT_TOKENS, "too many"));
    HttpResponse<String> response = embed(TEXTS, "");

    assertThat(response.statusCode()).isEqualTo(429);
    awaitEndings(1);
    assertThat(rest.fleet.placed).isEmpty();
    assertThat(rest.gateway.settled).isEmpty();
    assertThat(rest.gateway.facts.await(1)).hasSize(1);
  }

  @Test
  void whereOneIsRefusedNoneIsAnsweredAndAllIsGivenBack() throws Exception {
    rest.fleet.refuseWith = "not_allowed";
    HttpResponse<String> response = embed(TEXTS, "");

    assertThat(response.statusCode()).isEqualTo(403);
    awaitSettled("0+0");
  }

  @Test
  void afterAPauseOneRequestIsTriedHoweverManyInputsItHas() throws Exception {
    long before = System.currentTimeMillis() - 5_000;
    while (rest.gateway.breakers.pauses() == 0) {
      rest.gateway.breakers.refused(new TenantId("harbor-books"), before, Optional.empty());
    }

    HttpResponse<String> response = embed(TEXTS.subList(0, 3), "");

    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    awaitEndings(3);
  }
}
