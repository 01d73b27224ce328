package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.ingress.rest.RestHarness;
import dev.cofferdam.gateway.ingress.rest.RestHarness.Sse;
import dev.cofferdam.gateway.ingress.rest.RestSettings;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** OpenAI's responses over HTTP, with a router and workers behind it over mTLS. */
@Timeout(60)
class ResponsesTest {
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

  private static HttpResponse<String> respond(String fields) throws Exception {
    return rest.post("/v1/responses", "{\"model\":\"support-desk\"," + fields + "}");
  }

  @Test
  void aResponseIsOneMessageOfOnePartAndIsNotKept() throws Exception {
    HttpResponse<String> answer =
        respond("\"input\":\"Where is it?\",\"instructions\":\"Be brief.\",\"temperature\":0.5");
    JsonNode body = RestHarness.json(answer);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(body.path("object").asText()).isEqualTo("response");
    assertThat(body.path("status").asText()).isEqualTo("completed");
    assertThat(body.path("store").booleanValue()).isFalse();
    assertThat(body.has("store")).isTrue();
    assertThat(body.path("instructions").asText()).isEqualTo("Be brief.");
    assertThat(body.path("temperature").doubleValue()).isEqualTo(0.5);
    JsonNode message = body.path("output").path(0);
    assertThat(message.path("role").asText()).isEqualTo("assistant");
    assertThat(message.path("content").path(0).path("type").asText()).isEqualTo("output_text");
    assertThat(message.path("content").path(0).path("text").asText()).isEqualTo(RestHarness.ANSWER);
    JsonNode usage = body.path("usage");
    assertThat(usage.path("input_tokens_details").path("cached_tokens").asInt()).isEqualTo(2);
    assertThat(usage.path("total_tokens").asInt())
        .isEqualTo(usage.path("input_tokens").asInt() + usage.path("output_tokens").asInt());
    assertThat(body.path("id").asText())
        .isEqualTo("resp_" + answer.headers().firstValue("x-request-id").orElseThrow());
  }

  @Test
  void aStreamHasItsNumberedEventsInOrder() throws Exception {
    List<Sse> events = RestHarness.sse(respond("\"input\":\"Hi\",\"stream\":true").body());
    List<String> names = events.stream().map(Sse::name).toList();
    assertThat(names.subList(0, 4))
        .containsExactly(
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added");
    assertThat(names.subList(names.size() - 4, names.size()))
        .containsExactly(
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed");
    assertThat(names.subList(4, names.size() - 4)).containsOnly("response.output_text.delta");
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < events.size(); i++) {
      JsonNode data = events.get(i).data();
      assertThat(data.path("sequence_number").asInt()).isEqualTo(i);
      assertThat(data.path("type").asText()).isEqualTo(events.get(i).name());
      text.append(data.path("delta").asText());
    }
    assertThat(text.toString()).isEqualTo(RestHarness.ANSWER);
    JsonNode last = events.getLast().data().path("response");
    assertThat(last.path("output").path(0).path("content").path(0).path("text").asText())
        .isEqualTo(RestHarness.ANSWER);
    assertThat(last.path("usage").path("output_tokens").asInt())
        .isEqualTo(rest.fleet.words().length + 1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"input\":\"Hi\",\"store\":false,\"tools\":[],\"truncation\":\"disabled\"",
        "\"input\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"text\":{\"format\":{\"type\":\"text\"}}",
        "\"input\":[{\"type\":\"message\",\"role\":\"developer\",\"content\":[{\"type\":\"input_text\",\"text\":\"Be brief\"}]},{\"type\":\"message\",\"id\":\"msg_1\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"Hello\",\"annotations\":[]}]},{\"role\":\"user\",\"content\":\"Hi\"}]",
      })
  void whatAsksForWhatHappensAnywayIsTaken(String fields) throws Exception {
    HttpResponse<String> answer = respond(fields);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"input\":\"Hi\",\"store\":true | unsupported_parameter | store",
        "\"input\":\"Hi\",\"previous_response_id\":\"resp_1\" | unsupported_parameter | previous_response_id",
        "\"input\":\"Hi\",\"conversation\":\"c\" | unsupported_parameter | conversation",
        "\"input\":\"Hi\",\"background\":true | unsupported_parameter | background",
        "\"input\":\"Hi\",\"tools\":[{\"type\":\"web_search\"}] | unsupported_parameter | tools",
        "\"input\":\"Hi\",\"reasoning\":{\"effort\":\"low\"} | unsupported_parameter | reasoning",
        "\"input\":\"Hi\",\"prompt\":{\"id\":\"p\"} | unsupported_parameter | prompt",
        "\"input\":\"Hi\",\"text\":{\"format\":{\"type\":\"json_object\"}} | unsupported_parameter | text",
        "\"input\":\"Hi\",\"truncation\":\"auto\" | unsupported_parameter | truncation",
        "\"input\":[{\"type\":\"function_call_output\"}] | unsupported_parameter | input[0].type",
        "\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\"}]}] | unsupported_parameter | input[0].content[0]",
        "\"input\":[{\"role\":\"user\"}] | invalid_request | input[0].content",
        "\"input\":[{\"role\":\"wizard\",\"content\":\"x\"}] | invalid_request | input[0].role",
        "\"input\":[] | invalid_request | input",
        "\"input\":5 | invalid_request | input",
        "\"input\":\" \" | invalid_request | input",
        "\"stream\":true | invalid_request | input",
        "\"input\":\"Hi\",\"max_output_tokens\":0 | invalid_request | max_output_tokens",
        "\"input\":\"Hi\",\"max_output_tokens\":9000 | context_length_exceeded | input",
      })
  void whatIsMalformedOrNotOfferedIsRefusedByName(String fields, String code, String parameter)
      throws Exception {
    HttpResponse<String> answer = respond(fields);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
    JsonNode error = RestHarness.json(answer).path("error");
    assertThat(error.path("code").asText()).isEqualTo(code);
    assertThat(error.path("param").asText()).isEqualTo(parameter);
  }
}
