package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cofferdam.gateway.dispatch.grpc.FakeFleet;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.gateway.ingress.rest.RestHarness;
import dev.cofferdam.gateway.ingress.rest.RestSettings;
import dev.cofferdam.gateway.prompt.SampleFormats;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** OpenAI's API over HTTP, with a router and workers behind it over mTLS. */
@Timeout(60)
class OpenAiApiTest {
  private static final String ANSWER = RestHarness.ANSWER;
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir Path folder;
  private RestHarness rest;
  private FakeFleet fleet;
  private SampleGateway gateway;

  @BeforeEach
  void start() throws Exception {
    rest = new RestHarness(folder, RestSettings.DEFAULTS);
    fleet = rest.fleet;
    gateway = rest.gateway;
  }

  @AfterEach
  void stop() throws Exception {
    rest.close();
  }

  private HttpRequest.Builder request(String path) {
    return rest.request(path);
  }

  private HttpRequest chat(String fields) {
    return request("/v1/chat/completions")
        .POST(
            HttpRequest.BodyPublishers.ofString(
                "{\"model\":\"support-desk\",\"messages\":[{\"role\":\"user\",\"content\":"
                    + "\"Where is my parcel?\"}]"
                    + fields
                    + "}"))
        .build();
  }

  private HttpResponse<String> send(HttpRequest request) throws Exception {
    return rest.send(request);
  }

  private static List<JsonNode> events(String body) throws Exception {
    List<JsonNode> events = new ArrayList<>();
    List<String> lines = body.lines().filter(l -> !l.isEmpty()).toList();
    assertThat(lines).allMatch(l -> l.startsWith("data: "));
    assertThat(lines.getLast()).isEqualTo("data: [DONE]");
    for (String line : lines.subList(0, lines.size() - 1)) {
      events.add(JSON.readTree(line.substring("data: ".length())));
    }
    return events;
  }

  @Test
  void aCompletionIsOneJsonObject() throws Exception {
    HttpResponse<String> response = send(chat(""));
    JsonNode body = JSON.readTree(response.body());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
    assertThat(body.path("object").asText()).isEqualTo("chat.completion");
    assertThat(body.path("model").asText()).isEqualTo("support-desk");
    JsonNode choice = body.path("choices").path(0);
    assertThat(choice.path("message").path("role").asText()).isEqualTo("assistant");
    assertThat(choice.path("message").path("content").asText()).isEqualTo(ANSWER);
    assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
    JsonNode usage = body.path("usage");
    assertThat(usage.path("completion_tokens").asInt()).isEqualTo(fleet.words().length + 1);
    assertThat(usage.path("total_tokens").asInt())
        .isEqualTo(usage.path("prompt_tokens").asInt() + usage.path("completion_tokens").asInt());
    assertThat(usage.path("prompt_tokens_details").path("cached_tokens").asInt()).isEqualTo(2);
    String id = response.headers().firstValue("x-request-id").orElseThrow();
    assertThat(body.path("id").asText()).isEqualTo("chatcmpl-" + id);
    assertThat(response.headers().firstValue("x-ratelimit-remaining-tokens")).contains("99000");
    assertThat(response.headers().firstValue("x-ratelimit-reset-requests")).contains("100ms");
  }

  @Test
  void aStreamHasARoleTextAReasonUsageAndAnEnd() throws Exception {
    HttpResponse<String> response =
        send(chat(",\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
    assertThat(response.headers().firstValue("content-type").orElseThrow())
        .startsWith("text/event-stream");
    assertThat(response.headers().firstValue("x-ratelimit-limit-requests")).contains("600");
    List<JsonNode> events = events(response.body());
    assertThat(events).allMatch(e -> e.path("object").asText().equals("chat.completion.chunk"));
    JsonNode first = events.getFirst().path("choices").path(0);
    assertThat(first.path("delta").path("role").asText()).isEqualTo("assistant");
    StringBuilder text = new StringBuilder();
    events.forEach(
        e -> text.append(e.path("choices").path(0).path("delta").path("content").asText()));
    assertThat(text.toString()).isEqualTo(ANSWER);
    JsonNode end = events.get(events.size() - 2);
    assertThat(end.path("choices").path(0).path("finish_reason").asText()).isEqualTo("stop");
    assertThat(end.path("choices").path(0).path("delta").isEmpty()).isTrue();
    assertThat(end.get("usage").isNull()).isTrue();
    JsonNode usage = events.getLast();
    assertThat(usage.path("choices").isArray()).isTrue();
    assertThat(usage.path("choices")).isEmpty();
    assertThat(usage.path("usage").path("completion_tokens").asInt())
        .isEqualTo(fleet.words().length + 1);
  }

  @Test
  void severalChoicesAreGenerationsOfTheirOwnAndCountTheInputOnce() throws Exception {
    JsonNode body = JSON.readTree(send(chat(",\"n\":3,\"seed\":40")).body());
    assertThat(body.path("choices").size()).isEqualTo(3);
    for (int i = 0; i < 3; i++) {
      JsonNode choice = body.path("choices").path(i);
      assertThat(choice.path("index").asInt()).isEqualTo(i);
      assertThat(choice.path("message").path("content").asText()).isEqualTo(ANSWER);
    }
    int prompt = fleet.placed.getFirst().getEnvelope().getPromptTokens();
    assertThat(body.path("usage").path("prompt_tokens").asInt()).isEqualTo(prompt);
    int output = fleet.words().length + 1;
    assertThat(body.path("usage").path("completion_tokens").asInt()).isEqualTo(3 * output);
    assertThat(fleet.generated)
        .extracting(g -> g.getSampling().getSeed())
        .containsExactlyInAnyOrder(40L, 41L, 42L);
    assertThat(fleet.placed)
        .extracting(p -> p.getEnvelope().getRequestId())
        .doesNotHaveDuplicates()
        .hasSize(3);
  }

  @Test
  void theChunksOfSeveralChoicesCarryTheirIndexAndEndTogether() throws Exception {
    List<JsonNode> events =
        events(
            send(chat(",\"n\":2,\"stream\":true,\"stream_options\":{\"include_usage\":true}"))
                .body());
    for (int i = 0; i < 2; i++) {
      int index = i;
      List<JsonNode> own =
          events.stream()
              .map(e -> e.path("choices").path(0))
              .filter(c -> !c.isMissingNode() && c.path("index").asInt() == index)
              .toList();
      assertThat(own.getFirst().path("delta").path("role").asText()).isEqualTo("assistant");
      StringBuilder text = new StringBuilder();
      own.forEach(c -> text.append(c.path("delta").path("content").asText()));
      assertThat(text.toString()).isEqualTo(ANSWER);
      assertThat(own.getLast().path("finish_reason").asText()).isEqualTo("stop");
    }
    assertThat(events.getLast().path("usage").path("completion_tokens").asInt())
        .isEqualTo(2 * (fleet.words().length + 1));
  }

  @Test
  void whereOneOfSeveralChoicesFailsTheRequestFailsAndTheOthersEnd() throws Exception {
    fleet.refuseWith = "no_capacity";
    assertError(send(chat(",\"n\":4")), 503, "no_capacity");
    for (int i = 0; i < 4; i++) {
      assertThat(gateway.endings.poll(10, TimeUnit.SECONDS)).isNotNull();
    }
  }

  @Test
  void aStreamWithoutUsageSaysNothingOfIt() throws Exception {
    List<JsonNode> events = events(send(chat(",\"stream\":true")).body());
    assertThat(events).noneMatch(e -> e.has("usage"));
    assertThat(events.getLast().path("choices").path(0).path("finish_reason").asText())
        .isEqualTo("stop");
  }

  @Test
  void logprobsHaveTokensBytesAndAlternatives() throws Exception {
    JsonNode body = JSON.readTree(send(chat(",\"logprobs\":true,\"top_logprobs\":1")).body());
    JsonNode content = body.path("choices").path(0).path("logprobs").path("content");
    assertThat(content.size()).isEqualTo(fleet.words().length);
    JsonNode token = content.path(0);
    assertThat(token.path("token").asText()).startsWith("Y");
    assertThat(token.path("bytes").path(0).asInt()).isEqualTo('Y');
    assertThat(token.path("top_logprobs").path(0).path("logprob").asDouble()).isEqualTo(-0.5);
  }

  @Test
  void aStreamGoesOnWhenItsWorkerIsLost() throws Exception {
    fleet.dieAfter = 3;
    StringBuilder text = new StringBuilder();
    for (JsonNode event : events(send(chat(",\"stream\":true")).body())) {
      text.append(event.path("choices").path(0).path("delta").path("content").asText());
    }
    assertThat(text.toString()).isEqualTo(ANSWER);
  }

  @Test
  void aClientThatHangsUpEndsTheWorkersCall() throws Exception {
    fleet.endless = true;
    HttpResponse<InputStream> response =
        rest.http.send(chat(",\"stream\":true"), HttpResponse.BodyHandlers.ofInputStream());
    assertThat(response.body().readNBytes(100)).hasSize(100);
    response.body().close();
    assertThat(fleet.cancelled.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(gateway.endings.poll(10, TimeUnit.SECONDS).outcome())
        .isEqualTo(AuditFact.Outcome.CANCELLED);
  }

  private void assertError(HttpResponse<String> response, int status, String code)
      throws Exception {
    JsonNode error = JSON.readTree(response.body()).path("error");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(error.path("code").asText()).isEqualTo(code);
    assertThat(error.path("message").asText()).isNotEmpty();
    assertThat(error.has("type")).isTrue();
    assertThat(error.has("param")).isTrue();
    assertThat(response.headers().firstValue("x-request-id")).isPresent();
  }

  @Test
  void errorsHaveTheirStatusAndOpenAisShape() throws Exception {
    assertError(
        send(request("/v1/models").setHeader("authorization", "Bearer nope").build()),
        401,
        "invalid_api_key");
    assertError(send(chat(",\"n\":9")), 400, "invalid_request");
    assertError(send(chat(",\"temperature\":9")), 400, "invalid_request");
    assertError(send(chat(",\"max_tokens\":100000")), 400, "context_length_exceeded");
    assertError(send(request("/v1/models/nope").build()), 404, "model_not_found");
    assertError(send(request("/v1/nothing").build()), 404, "not_found");
    String unknown = "{\"model\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
    assertError(
        send(
            request("/v1/chat/completions")
                .POST(HttpRequest.BodyPublishers.ofString(unknown))
                .build()),
        404,
        "model_not_found");
  }

  private HttpResponse<String> complete(String fields) throws Exception {
    return rest.post("/v1/completions", "{\"model\":\"support-desk\"," + fields + "}");
  }

  @Test
  void aCompletionContinuesItsPromptAndHasSixteenTokensUnlessMoreAreAskedFor() throws Exception {
    JsonNode body = JSON.readTree(complete("\"prompt\":\"Where is it?\"").body());
    assertThat(body.path("object").asText()).isEqualTo("text_completion");
    assertThat(body.path("id").asText()).startsWith("cmpl-");
    JsonNode choice = body.path("choices").path(0);
    assertThat(choice.path("text").asText()).isEqualTo(ANSWER);
    assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
    assertThat(choice.path("logprobs").isNull()).isTrue();
    assertThat(fleet.placed.getFirst().getEnvelope().getOutputTokensMax()).isEqualTo(16);
  }

  @Test
  void aPromptOfTokenIdsIsTheTextThatTheyAreMadeOf() throws Exception {
    String ids = Arrays.toString(SampleFormats.SUPPORT_DESK.ofText("Where is it?"));
    JsonNode text = JSON.readTree(complete("\"prompt\":\"Where is it?\"").body());
    JsonNode tokens = JSON.readTree(complete("\"prompt\":" + ids).body());
    assertThat(tokens.path("choices")).isEqualTo(text.path("choices"));
    assertThat(tokens.path("usage")).isEqualTo(text.path("usage"));
    JsonNode two = JSON.readTree(complete("\"prompt\":[" + ids + "," + ids + "]").body());
    assertThat(two.path("choices")).hasSize(2);
  }

  @Test
  void eachOfSeveralPromptsHasItsChoicesInOrder() throws Exception {
    JsonNode body =
        JSON.readTree(
            complete("\"prompt\":[\"Where is it?\",\"Where is it?\"],\"n\":2,\"best_of\":2")
                .body());
    assertThat(body.path("choices").findValuesAsText("index")).containsExactly("0", "1", "2", "3");
    int prompts = fleet.placed.stream().mapToInt(p -> p.getEnvelope().getPromptTokens()).sum() / 2;
    assertThat(body.path("usage").path("prompt_tokens").asInt()).isEqualTo(prompts);
    assertThat(body.path("usage").path("completion_tokens").asInt())
        .isEqualTo(4 * (fleet.words().length + 1));
  }

  @Test
  void theLogprobsOfACompletionAreListsOfTheSameLength() throws Exception {
    JsonNode logprobs =
        JSON.readTree(complete("\"prompt\":\"x\",\"logprobs\":1").body())
            .path("choices")
            .path(0)
            .path("logprobs");
    int count = fleet.words().length;
    assertThat(logprobs.path("tokens").size()).isEqualTo(count);
    assertThat(logprobs.path("token_logprobs").size()).isEqualTo(count);
    assertThat(logprobs.path("top_logprobs").size()).isEqualTo(count);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      assertThat(logprobs.path("text_offset").path(i).asInt()).isEqualTo(text.length());
      text.append(logprobs.path("tokens").path(i).asText());
    }
    assertThat(text.toString()).isEqualTo(ANSWER);
    assertThat(logprobs.path("token_logprobs").path(0).asDouble()).isEqualTo(-0.5);
  }

  @Test
  void aStreamedCompletionEndsWithAReasonUsageAndAnEndMark() throws Exception {
    List<JsonNode> events =
        events(
            complete(
                    "\"prompt\":\"x\",\"stream\":true,"
                        + "\"stream_options\":{\"include_usage\":true}")
                .body());
    StringBuilder text = new StringBuilder();
    events.forEach(e -> text.append(e.path("choices").path(0).path("text").asText()));
    assertThat(text.toString()).isEqualTo(ANSWER);
    assertThat(events.get(events.size() - 2).path("choices").path(0).path("finish_reason").asText())
        .isEqualTo("stop");
    assertThat(events.getLast().path("usage").path("completion_tokens").asInt())
        .isEqualTo(fleet.words().length + 1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"prompt\":[4095] | invalid_request | prompt",
        "\"prompt\":[[39],[4095]] | invalid_request | prompt",
        "\"prompt\":[-1] | invalid_request | prompt",
        "\"prompt\":[4096] | invalid_request | prompt",
        "\"prompt\":[4294967335] | invalid_request | prompt",
        "\"prompt\":[39.5] | invalid_request | prompt",
        "\"prompt\":[39,\"x\"] | invalid_request | prompt",
        "\"prompt\":[39,[39]] | invalid_request | prompt",
        "\"prompt\":[[39],\"x\"] | invalid_request | prompt",
        "\"prompt\":[[]] | invalid_request | prompt",
        "\"prompt\":\"x\",\"echo\":true | unsupported_parameter | echo",
        "\"prompt\":\"x\",\"suffix\":\"y\" | unsupported_parameter | suffix",
        "\"prompt\":\"x\",\"best_of\":2 | unsupported_parameter | best_of",
        "\"prompt\":\"x\",\"tools\":[] | unsupported_parameter | tools",
        "\"prompt\":{} | invalid_request | prompt",
        "\"prompt\":[] | invalid_request | prompt",
        "\"prompt\":\"\" | invalid_request | prompt",
        "\"prompt\":[\"x\",\"\"] | invalid_request | prompt",
        "\"n\":2 | invalid_request | prompt",
        "\"prompt\":[\"a\",\"b\",\"c\"],\"n\":3 | invalid_request | prompt",
        "\"prompt\":\"x\",\"logprobs\":6 | invalid_request | logprobs",
        "\"prompt\":\"x\",\"logprobs\":true | invalid_request | logprobs",
        "\"prompt\":\"x\",\"max_tokens\":0 | invalid_request | max_tokens",
        "\"prompt\":\"x\",\"max_tokens\":9000 | context_length_exceeded | prompt",
      })
  void whatACompletionCannotHaveIsRefusedByName(String fields, String code, String parameter)
      throws Exception {
    HttpResponse<String> response = complete(fields);
    assertError(response, 400, code);
    assertThat(JSON.readTree(response.body()).path("error").path("param").asText())
        .isEqualTo(parameter);
  }

  @Test
  void credentialsThatDisagreeAreRefusedWhereverTheyStand() throws Exception {
    assertError(
        send(request("/v1/models").header("x-api-key", "cdm_other").build()),
        403,
        "identity_mismatch");
    assertThat(
            send(request("/v1/models").header("x-api-key", SampleGateway.KEY).build()).statusCode())
        .isEqualTo(200);
    assertThat(
            send(rest.bare("/v1/models").header("x-api-key", SampleGateway.KEY).build())
                .statusCode())
        .isEqualTo(200);
  }

  @Test
  void aBodyOfTenMegabytesIsTooLarge() throws Exception {
    assertError(
        send(
            request("/v1/chat/completions")
                .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[10 << 20]))
                .build()),
        413,
        "request_too_large");
    assertError(
        send(
            request("/v1/chat/completions")
                .POST(
                    HttpRequest.BodyPublishers.fromPublisher(
                        HttpRequest.BodyPublishers.ofByteArray(new byte[5 << 20])))
                .build()),
        413,
        "request_too_large");
  }

  @Test
  void aLimitIsAnsweredWithHeadersOfWhenToTryAgain() throws Exception {
    gateway.limitWith = Optional.of(Refusal.of(ErrorCode.RATE_LIMIT_TOKENS, "used up"));
    HttpResponse<String> response = send(chat(",\"stream\":true"));
    assertError(response, 429, "rate_limit_exceeded");
    assertThat(response.headers().firstValue("retry-after")).contains("2");
    assertThat(response.headers().firstValue("retry-after-ms")).contains("1250");
    assertThat(response.headers().firstValue("x-ratelimit-limit-tokens")).contains("100000");
    assertThat(response.headers().firstValue("x-should-retry")).isEmpty();
  }

  @Test
  void whereWaitingDoesNotHelpClientsAreToldSo() throws Exception {
    gateway.limitWith = Optional.of(Refusal.of(ErrorCode.BUDGET_EXHAUSTED, "spent"));
    HttpResponse<String> response = send(chat(""));
    assertError(response, 429, "insufficient_quota");
    assertThat(response.headers().firstValue("x-should-retry")).contains("false");
  }

  @Test
  void aFullQueueIsAServerErrorBeforeTheStreamBegins() throws Exception {
    fleet.refuseWith = "queue_full";
    HttpResponse<String> response = send(chat(",\"stream\":true"));
    assertError(response, 503, "queue_full");
    assertThat(response.headers().firstValue("retry-after-ms")).contains("1500");
  }

  @Test
  void modelsAreListedWithTheCallersAdapters() throws Exception {
    JsonNode list = JSON.readTree(send(request("/v1/models").build()).body());
    assertThat(list.path("object").asText()).isEqualTo("list");
    assertThat(list.path("data").findValuesAsText("id"))
        .containsExactly("support-desk", "support-desk:harbor-books");
    JsonNode one =
        JSON.readTree(send(request("/v1/models/support-desk%3Aharbor-books").build()).body());
    assertThat(one.path("owned_by").asText()).isEqualTo("harbor-books");
    assertThat(send(request("/v1/models/secret-model").build()).statusCode()).isEqualTo(404);
  }
}
