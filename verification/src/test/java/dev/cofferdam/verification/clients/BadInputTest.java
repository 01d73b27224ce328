package dev.cofferdam.verification.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Rest;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the REST edge answers to what nobody should send. */
class BadInputTest {
  private static final Mesh MESH = Mesh.shared();
  private static final String PATH = "/v1/chat/completions";
  private static TenantHandle tenant;
  private static Rest rest;

  @BeforeAll
  static void makeTenant() {
    tenant = MESH.newTenant("bad", "standard");
    rest = MESH.rest();
  }

  private static String body(String fields) {
    return "{\"model\":\"support-desk\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]"
        + fields
        + "}";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "max_tokens         | -1",
        "max_tokens         | 0",
        "max_tokens         | 1e99",
        "max_tokens         | \"many\"",
        "temperature        | -0.5",
        "temperature        | 1e300",
        "top_p              | 0",
        "top_p              | 1.5",
        "n                  | 0",
        "n                  | 1000000",
        "stop               | [\"a\",\"b\",\"c\",\"d\",\"e\"]",
        "top_logprobs       | 21",
        "messages           | []",
        "messages           | [{\"role\":\"wizard\",\"content\":\"x\"}]",
        "tools              | [{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]",
        "no_such_parameter  | true",
      })
  void aBadParameterIsNamed(String parameter, String value) {
    String field = ",\"" + parameter + "\":" + value;
    String text =
        parameter.equals("messages") ? "{\"model\":\"support-desk\"" + field + "}" : body(field);
    Rest.Answer answer = rest.post(PATH, tenant.apiKey(), text);
    assertThat(answer.status()).as(answer.body()).isEqualTo(400);
    assertThat(answer.json().path("error").path("type").asText())
        .isEqualTo("invalid_request_error");
    assertThat(answer.json().path("error").path("param").asText()).startsWith(parameter);
  }

  @Test
  void aContextOverTheCapSaysSo() {
    String words = "parcel ".repeat(6_000);
    Rest.Answer answer =
        rest.post(
            PATH,
            tenant.apiKey(),
            "{\"model\":\"support-desk\",\"messages\":[{\"role\":\"user\",\"content\":\""
                + words
                + "\"}]}");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.json().path("error").path("code").asText())
        .isEqualTo("context_length_exceeded");
    assertThat(answer.body()).doesNotContain("parcel parcel");
  }

  @Test
  void aBodyOfTenMegabytesIsTooLarge() {
    byte[] huge =
        body(",\"user\":\"" + "x".repeat(10 << 20) + "\"").getBytes(StandardCharsets.UTF_8);
    Rest.Answer answer = rest.post(PATH, tenant.apiKey(), huge);
    assertThat(answer.status()).isEqualTo(413);
  }

  @Test
  void invalidUtf8IsRefused() {
    byte[] bytes = body("").getBytes(StandardCharsets.UTF_8);
    bytes[new String(bytes, StandardCharsets.UTF_8).indexOf("Hello") + 1] = (byte) 0xC0;
    assertThat(rest.post(PATH, tenant.apiKey(), bytes).status()).isEqualTo(400);
  }

  @Test
  void textThatIsNotJsonIsRefused() {
    assertThat(rest.post(PATH, tenant.apiKey(), "{\"model\":").status()).isEqualTo(400);
    assertThat(rest.post(PATH, tenant.apiKey(), "").status()).isEqualTo(400);
    assertThat(rest.post(PATH, tenant.apiKey(), "[".repeat(100_000)).status()).isEqualTo(400);
  }

  @Test
  void aForeignAdapterAndAnUnknownOneAnswerTheSame() {
    String foreign =
        "{\"model\":\"support-desk:harbor-books\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";
    Rest.Answer known = rest.post(PATH, tenant.apiKey(), foreign);
    Rest.Answer unknown =
        rest.post(PATH, tenant.apiKey(), foreign.replace("harbor-books", "harbor-bookz"));
    assertThat(known.status()).isEqualTo(404);
    assertThat(known.body().replace("harbor-books", "harbor-bookz")).isEqualTo(unknown.body());
  }

  @Test
  void anUnknownPathIsNotFoundInTheSameShape() {
    Rest.Answer answer = rest.get("/v1/nothing", tenant.apiKey());
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.json().path("error").path("message").asText()).isNotBlank();
  }

  @Test
  void afterAllOfThisTheTenantIsStillServed() {
    Rest.Answer answer =
        rest.post(PATH, tenant.apiKey(), body(",\"max_tokens\":2,\"temperature\":0"));
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(answer.header("x-request-id")).matches("[0-9a-f]{32}");
    assertThat(answer.header("x-ratelimit-limit-requests")).isEqualTo("600");
  }
}
