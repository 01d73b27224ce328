package dev.cofferdam.gateway.ingress.anthropic;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.gateway.ingress.rest.RestHarness;
import dev.cofferdam.gateway.ingress.rest.RestHarness.Sse;
import dev.cofferdam.gateway.ingress.rest.RestSettings;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.Tier;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Anthropic's API over HTTP, with a router and workers behind it over mTLS. */
@Timeout(60)
class AnthropicApiTest {
  private static final String USER =
      "\"messages\":[{\"role\":\"user\",\"content\":\"Where is it?\"}]";

  @TempDir static Path folder;
  private static RestHarness rest;

  @BeforeAll
  static void start() throws Exception {
    rest = new RestHarness(folder, RestSettings.DEFAULTS);
  }

  @AfterAll
  static void stop() throws Exception {
    rest.close();
  }

  @AfterEach
  void allow() {
    rest.gateway.limitWith = Optional.empty();
    rest.fleet.refuseWith = "";
  }

  private static HttpResponse<String> post(String path, String fields) throws Exception {
    return rest.send(
        rest.bare(path)
            .header("x-api-key", SampleGateway.KEY)
            .header("anthropic-version", "2023-06-01")
            .POST(
                HttpRequest.BodyPublishers.ofString("{\"model\":\"support-desk\"," + fields + "}"))
            .build());
  }

  private static HttpResponse<String> message(String fields) throws Exception {
    return post("/v1/messages", fields);
  }

  @Test
  void aMessageIsOneBlockOfTextWithItsUsage() throws Exception {
    HttpResponse<String> response = message(USER + ",\"max_tokens\":50,\"system\":\"Be brief.\"");
    JsonNode body = RestHarness.json(response);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(body.path("type").asText()).isEqualTo("message");
    assertThat(body.path("role").asText()).isEqualTo("assistant");
    assertThat(body.path("content").size()).isEqualTo(1);
    assertThat(body.path("content").path(0).path("text").asText()).isEqualTo(RestHarness.ANSWER);
    assertThat(body.path("stop_reason").asText()).isEqualTo("end_turn");
    assertThat(body.path("stop_sequence").isNull()).isTrue();
    int prompt = rest.fleet.placed.getLast().getEnvelope().getPromptTokens();
    assertThat(body.path("usage").path("cache_read_input_tokens").asInt()).isEqualTo(2);
    assertThat(body.path("usage").path("input_tokens").asInt()).isEqualTo(prompt - 2);
    assertThat(body.path("usage").path("output_tokens").asInt())
        .isEqualTo(rest.fleet.words().length + 1);
    String id = response.headers().firstValue("request-id").orElseThrow();
    assertThat(body.path("id").asText()).isEqualTo("msg_" + id);
    assertThat(response.headers().firstValue("anthropic-ratelimit-tokens-remaining"))
        .contains("99000");
    assertThat(response.headers().firstValue("anthropic-ratelimit-requests-reset").orElseThrow())
        .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
  }

  @Test
  void aStopTextWithPersonalDataIsMaskedOnItsWayAndToldAsItWasWritten() throws Exception {
    int[] usual = rest.fleet.script;
    int[] words = Samples.tokens("Write to [EMAIL_1] today.");
    rest.gateway.tier = Tier.ENTERPRISE;
    rest.fleet.script = java.util.Arrays.copyOf(words, words.length + 1);
    rest.fleet.script[words.length] = Samples.EOT;
    try {
      String fields =
          "\"max_tokens\":50,\"stop_sequences\":[\"ada@example.org\"],\"messages\":[{"
              + "\"role\":\"user\",\"content\":\"I am ada@example.org\"}]";
      JsonNode body = RestHarness.json(message(fields));
      assertThat(body.path("stop_reason").asText()).isEqualTo("stop_sequence");
      assertThat(body.path("stop_sequence").asText()).isEqualTo("ada@example.org");
      assertThat(body.path("content").path(0).path("text").asText()).isEqualTo("Write to ");
    } finally {
      rest.gateway.tier = Tier.STANDARD;
      rest.fleet.script = usual;
    }
  }

  @Test
  void blocksOfTextAreTheSameAsTheirText() throws Exception {
    String blocks =
        "\"system\":[{\"type\":\"text\",\"text\":\"Be \"},{\"type\":\"text\",\"text\":\"brief.\","
            + "\"cache_control\":{\"type\":\"ephemeral\"}}],\"messages\":[{\"role\":\"user\","
            + "\"content\":[{\"type\":\"text\",\"text\":\"Where is it?\"}]}]";
    JsonNode counted = RestHarness.json(post("/v1/messages/count_tokens", blocks));
    JsonNode plain =
        RestHarness.json(post("/v1/messages/count_tokens", USER + ",\"system\":\"Be brief.\""));
    assertThat(counted.path("input_tokens").asInt()).isPositive();
    assertThat(counted).isEqualTo(plain);
    assertThat(message(blocks + ",\"max_tokens\":9").statusCode()).isEqualTo(200);
    assertThat(rest.fleet.placed.getLast().getEnvelope().getPromptTokens())
        .isEqualTo(counted.path("input_tokens").asInt());
  }

  @Test
  void aStreamHasItsEventsInOrder() throws Exception {
    HttpResponse<String> response = message(USER + ",\"max_tokens\":50,\"stream\":true");
    assertThat(response.headers().firstValue("content-type").orElseThrow())
        .startsWith("text/event-stream");
    List<Sse> events = RestHarness.sse(response.body());
    assertThat(events).allMatch(e -> e.name().equals(e.data().path("type").asText()));
    List<String> names = events.stream().map(Sse::name).toList();
    assertThat(names.subList(0, 3)).containsExactly("message_start", "content_block_start", "ping");
    assertThat(names.subList(names.size() - 3, names.size()))
        .containsExactly("content_block_stop", "message_delta", "message_stop");
    assertThat(names.subList(3, names.size() - 3)).containsOnly("content_block_delta");
    StringBuilder text = new StringBuilder();
    events.forEach(e -> text.append(e.data().path("delta").path("text").asText()));
    assertThat(text.toString()).isEqualTo(RestHarness.ANSWER);
    JsonNode start = events.getFirst().data().path("message");
    assertThat(start.path("usage").path("input_tokens").asInt()).isPositive();
    assertThat(start.path("stop_reason").isNull()).isTrue();
    JsonNode end = events.get(events.size() - 2).data();
    assertThat(end.path("delta").path("stop_reason").asText()).isEqualTo("end_turn");
    assertThat(end.path("usage").path("output_tokens").asInt())
        .isEqualTo(rest.fleet.words().length + 1);
  }

  @Test
  void theStopSequenceThatWasMetIsNamed() throws Exception {
    JsonNode body =
        RestHarness.json(
            message(USER + ",\"max_tokens\":50,\"stop_sequences\":[\"never\",\" on\"]"));
    assertThat(body.path("stop_reason").asText()).isEqualTo("stop_sequence");
    assertThat(body.path("stop_sequence").asText()).isEqualTo(" on");
    assertThat(body.path("content").path(0).path("text").asText()).isEqualTo("Your parcel arrives");
  }

  private static void assertError(HttpResponse<String> response, int status, String type)
      throws Exception {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode body = RestHarness.json(response);
    assertThat(body.path("type").asText()).isEqualTo("error");
    assertThat(body.path("error").path("type").asText()).isEqualTo(type);
    assertThat(body.path("error").path("message").asText()).isNotEmpty();
    assertThat(response.headers().firstValue("request-id"))
        .contains(body.path("request_id").asText());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"max_tokens\":5 | messages",
        "\"max_tokens\":5,\"messages\":[] | messages",
        "\"max_tokens\":5,\"messages\":[{\"role\":\"system\",\"content\":\"x\"}] | messages[0].role",
        "\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\"}]}] | messages[0].content[0]",
        "\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"y\"}] | messages",
        "USER | max_tokens",
        "USER,\"max_tokens\":0 | max_tokens",
        "USER,\"max_tokens\":5,\"temperature\":1.5 | temperature",
        "USER,\"max_tokens\":5,\"stop_sequences\":\"x\" | stop_sequences",
        "USER,\"max_tokens\":5,\"system\":5 | system",
        "USER,\"max_tokens\":5,\"tools\":[{\"name\":\"f\"}] | tools",
        "USER,\"max_tokens\":5,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024} | thinking",
        "USER,\"max_tokens\":5,\"n\":2 | n",
      })
  void whatIsMalformedOrNotOfferedIsRefusedByName(String fields, String parameter)
      throws Exception {
    HttpResponse<String> response = message(fields.replace("USER", USER));
    assertError(response, 400, "invalid_request_error");
    assertThat(RestHarness.json(response).path("error").path("param").asText())
        .isEqualTo(parameter);
    assertThat(RestHarness.json(response).path("error").path("message").asText())
        .contains(parameter);
  }

  @Test
  void errorsHaveTheirStatusAndAnthropicsShape() throws Exception {
    String valid = USER + ",\"max_tokens\":5";
    assertError(
        rest.send(
            rest.bare("/v1/messages")
                .header("x-api-key", "nope")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build()),
        401,
        "authentication_error");
    assertError(
        rest.send(
            rest.request("/v1/messages")
                .header("x-api-key", "cdm_other")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build()),
        403,
        "permission_error");
    assertError(post("/v1/messages/nothing", valid), 404, "not_found_error");
    rest.gateway.limitWith = Optional.of(Refusal.of(ErrorCode.RATE_LIMIT_TOKENS, "used up"));
    HttpResponse<String> limited = message(valid);
    assertError(limited, 429, "rate_limit_error");
    assertThat(limited.headers().firstValue("retry-after")).contains("2");
    rest.gateway.limitWith = Optional.empty();
    rest.fleet.refuseWith = "queue_full";
    assertError(message(valid + ",\"stream\":true"), 503, "overloaded_error");
  }
}
