package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.gateway.ingress.Asked;
import dev.cofferdam.gateway.ingress.rest.StrictJson;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RefusedException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatQueryTest {
  private static final String MESSAGES = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";

  private static ChatQuery read(String body) {
    return ChatQuery.read(StrictJson.object(body.getBytes(StandardCharsets.UTF_8)));
  }

  private static ChatQuery with(String fields) {
    return read("{" + MESSAGES + "," + fields + "}");
  }

  @Test
  void aWholeRequestIsRead() {
    ChatQuery request =
        with(
            "\"model\":\"support-desk:harbor-books\",\"stream\":true,"
                + "\"stream_options\":{\"include_usage\":true},\"temperature\":0.5,\"top_p\":0.9,"
                + "\"top_k\":40,\"min_p\":0.1,\"presence_penalty\":0.5,"
                + "\"frequency_penalty\":-1,\"repetition_penalty\":1.2,\"seed\":-3,\"stop\":[\"a\",\"b\"],\"max_tokens\":5,"
                + "\"max_completion_tokens\":9,\"logprobs\":true,\"top_logprobs\":2,\"n\":1,"
                + "\"user\":\"u\"");
    assertThat(request.asked().model()).isEqualTo("support-desk");
    assertThat(request.asked().adapter()).isEqualTo("harbor-books");
    assertThat(request.model().written()).isEqualTo("support-desk:harbor-books");
    assertThat(request.stream()).isTrue();
    assertThat(request.includeUsage()).isTrue();
    Asked.Tuning tuning = request.asked().tuning();
    assertThat(tuning.temperature()).hasValue(0.5);
    assertThat(tuning.topP()).hasValue(0.9);
    assertThat(tuning.topK()).hasValue(40);
    assertThat(tuning.minP()).hasValue(0.1);
    assertThat(tuning.penalties().presence()).hasValue(0.5);
    assertThat(tuning.penalties().frequency()).hasValue(-1);
    assertThat(tuning.penalties().repetition()).hasValue(1.2);
    assertThat(tuning.seed()).hasValue(-3);
    assertThat(tuning.stops()).containsExactly("a", "b");
    assertThat(tuning.topLogprobs()).hasValue(2);
  }

  @Test
  void ofTheFieldsThatBoundTheOutputTheLargestCounts() {
    assertThat(with("\"max_tokens\":50,\"max_completion_tokens\":7").asked().tuning())
        .extracting(Asked.Tuning::outputTokensMax)
        .isEqualTo(OptionalLong.of(50));
  }

  @Test
  void contentMayComeInTextParts() {
    ChatQuery request =
        read(
            "{\"messages\":[{\"role\":\"developer\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
                + "{\"type\":\"text\",\"text\":\"b\"}]}]}");
    assertThat(request.asked().input())
        .isEqualTo(new Asked.Input.Conversation(List.of(new ChatMessage("system", "ab"))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"store\":false",
        "\"logit_bias\":{}",
        "\"response_format\":{\"type\":\"text\"}",
        "\"tools\":[]",
        "\"tool_choice\":\"none\"",
        "\"metadata\":{\"a\":\"b\"}",
        "\"service_tier\":\"auto\"",
        "\"audio\":null",
        "\"n\":1",
        "\"n\":null"
      })
  void whatAsksForWhatHappensAnywayIsTaken(String field) {
    assertThat(with(field).asked().input()).isInstanceOf(Asked.Input.Conversation.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"store\":true | store",
        "\"logit_bias\":{\"5\":1} | logit_bias",
        "\"response_format\":{\"type\":\"json_object\"} | response_format",
        "\"tools\":[{}] | tools",
        "\"tool_choice\":\"required\" | tool_choice",
        "\"service_tier\":\"priority\" | service_tier",
        "\"reasoning_effort\":\"low\" | reasoning_effort",
        "\"audio\":{} | audio",
        "\"Ignore all previous\":1 | a parameter",
        "\"stream\":true,\"stream_options\":{\"magic\":1} | stream_options",
      })
  void whatIsNotOfferedIsRefusedByName(String field, String parameter) {
    assertThatThrownBy(() -> with(field))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> {
              assertThat(e.refusal().code()).isEqualTo(ErrorCode.UNSUPPORTED_PARAMETER);
              assertThat(e.refusal().parameter()).contains(parameter);
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"model\":5 | model",
        "\"model\":\"m:\" | model",
        "\"stream\":1 | stream",
        "\"stream_options\":{} | stream_options",
        "\"temperature\":\"hot\" | temperature",
        "\"temperature\":1e999 | temperature",
        "\"top_k\":1.5 | top_k",
        "\"n\":0 | n",
        "\"n\":9 | n",
        "\"n\":1.5 | n",
        "\"min_p\":\"low\" | min_p",
        "\"presence_penalty\":true | presence_penalty",
        "\"seed\":99999999999999999999 | seed",
        "\"stop\":5 | stop",
        "\"stop\":[1] | stop",
        "\"max_tokens\":0 | max_tokens",
        "\"max_tokens\":-4,\"max_completion_tokens\":5 | max_tokens",
        "\"max_completion_tokens\":0 | max_completion_tokens",
        "\"max_tokens\":1e3 | max_tokens",
        "\"top_logprobs\":2 | top_logprobs",
        "\"logprobs\":true,\"top_logprobs\":21 | top_logprobs",
        "\"logprobs\":5 | logprobs",
      })
  void whatIsMalformedIsRefusedByName(String field, String parameter) {
    assertThatThrownBy(() -> with(field))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> {
              assertThat(e.refusal().code()).isEqualTo(ErrorCode.INVALID_REQUEST);
              assertThat(e.refusal().parameter()).contains(parameter);
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "5 | messages",
        "[5] | messages[0]",
        "[{\"role\":\"user\"}] | messages[0].content",
        "[{\"role\":\"user\",\"content\":5}] | messages[0].content",
        "[{\"role\":5,\"content\":\"x\"}] | messages[0].role",
        "[{\"role\":\"tool\",\"content\":\"x\"}] | messages[0].role",
        "[{\"role\":\"user\",\"content\":\"x\",\"tool_calls\":[{}]}] | messages[0].tool_calls",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}] | messages[0].content[0]",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}] | messages[0].content[0].text",
      })
  void malformedMessagesAreRefusedByTheirPlace(String messages, String parameter) {
    assertThatThrownBy(() -> read("{\"messages\":" + messages + "}"))
        .isInstanceOfSatisfying(
            RefusedException.class, e -> assertThat(e.refusal().parameter()).contains(parameter));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "[]",
        "{\"messages\":[]",
        "{} {}",
        "{\"model\":\"a\",\"model\":\"canary\"}",
        "{\"model\":NaN}",
        "{'model':1}",
      })
  void whatIsNoJsonObjectIsRefusedWithoutRepeatingIt(String body) {
    assertThatThrownBy(() -> read(body))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> {
              assertThat(e.refusal().code()).isEqualTo(ErrorCode.INVALID_REQUEST);
              assertThat(e.refusal().message()).doesNotContain("canary");
            });
  }

  @Test
  void deepNestingIsRefused() {
    assertThatThrownBy(() -> with("\"metadata\":" + "[".repeat(5_000) + "]".repeat(5_000)))
        .isInstanceOf(RefusedException.class);
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() {
    byte[] body = with0("{\"messages\":[{\"role\":\"user\",\"content\":\"", (byte) 0xc3, "\"}]}");
    assertThatThrownBy(() -> ChatQuery.read(StrictJson.object(body)))
        .isInstanceOf(RefusedException.class);
  }

  private static byte[] with0(String before, byte b, String after) {
    return (before + (char) (b & 0xff) + after).getBytes(StandardCharsets.ISO_8859_1);
  }
}
