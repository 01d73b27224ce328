package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.ingress.SampleGateway;
import dev.cofferdam.gateway.ingress.rest.RestHarness;
import dev.cofferdam.gateway.ingress.rest.RestSettings;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Answers that are given again over HTTP; questions are embedded by workers over mTLS. */
@Timeout(60)
class AnswersGivenAgainTest {
  @TempDir Path folder;
  private RestHarness rest;
  private String key = SampleGateway.KEY;

  @BeforeEach
  void start() throws Exception {
    rest = new RestHarness(folder, RestSettings.DEFAULTS);
    rest.gateway.likening = true;
  }

  @AfterEach
  void stop() throws Exception {
    rest.close();
  }

  private HttpResponse<String> ask(String question, String fields) throws Exception {
    HttpResponse<String> answer =
        rest.send(
            rest.bare("/v1/chat/completions")
                .header("authorization", "Bearer " + key)
                .POST(HttpRequest.BodyPublishers.ofString(chat(question, fields)))
                .build());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer;
  }

  private static String chat(String question, String fields) {
    return "{\"model\":\"support-desk\",\"temperature\":0,\"max_tokens\":20,\"messages\":[{\"role\":"
        + "\"user\",\"content\":\""
        + question
        + "\"}]"
        + fields
        + "}";
  }

  private static String source(HttpResponse<String> answer) {
    return answer.headers().firstValue("x-response-cache").orElse("model");
  }

  private void awaitSettled(Predicate<List<String>> settled) throws InterruptedException {
    for (int i = 0; i < 2_000 && !settled.test(rest.gateway.settled); i++) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
    assertThat(settled.test(rest.gateway.settled)).isTrue();
  }

  @Test
  void anAnswerSaysWhetherItWasGivenToTheSameOrToASimilarQuestion() throws Exception {
    HttpResponse<String> made = ask("Where is my parcel now?", "");
    assertThat(source(made)).isEqualTo("model");
    assertThat(source(ask("Where is my parcel now?", ""))).isEqualTo("exact");
    HttpResponse<String> similar = ask("Well, where is my parcel now?", "");
    assertThat(source(similar)).isEqualTo("similar");
    assertThat(RestHarness.json(similar).at("/choices/0/message/content"))
        .isEqualTo(RestHarness.json(made).at("/choices/0/message/content"));
    // Made: an embedding and an answer. Similar: an embedding.
    List<AuditFact> facts = rest.gateway.facts.await(5);
    assertThat(facts).extracting(AuditFact::operation).filteredOn("embed"::equals).hasSize(2);
    assertThat(facts)
        .extracting(AuditFact::detail)
        .contains(
            "answered from the tenant's response cache",
            "answered from the tenant's response cache, to a similar question");
  }

  @Test
  void aStreamSaysItInItsHead() throws Exception {
    ask("Where is my parcel now?", "");
    assertThat(source(ask("Well, where is my parcel now?", ",\"stream\":true")))
        .isEqualTo("similar");
  }

  @Test
  void aSimilarQuestionUsesTheTokensOfItsEmbeddingOnly() throws Exception {
    ask("Where is my parcel now?", "");
    awaitSettled(all -> all.size() == 1);
    rest.gateway.settled.clear();
    assertThat(source(ask("Well, where is my parcel now?", ""))).isEqualTo("similar");
    awaitSettled(all -> all.size() == 1 && all.getFirst().matches("[1-9][0-9]*\\+0"));
  }

  @Test
  void questionsWithOtherNumbersOrNamesAreNotSimilar() throws Exception {
    ask("Where is parcel 7 to Oslo now?", "");
    assertThat(source(ask("Where is parcel 8 to Oslo now?", ""))).isEqualTo("model");
    assertThat(source(ask("Where is parcel 7 to Rome now?", ""))).isEqualTo("model");
    assertThat(source(ask("Well, where is parcel 7 to Oslo now?", ""))).isEqualTo("similar");
  }

  @Test
  void anotherTenantWithTheSameQuestionIsAnsweredByTheModel() throws Exception {
    ask("Where is my parcel now?", "");
    key = SampleGateway.NEIGHBOUR_KEY;
    assertThat(source(ask("Where is my parcel now?", ""))).isEqualTo("model");
    assertThat(source(ask("Well, where is my parcel now?", ""))).isEqualTo("similar");
  }

  @Test
  void aLaterTurnOfAConversationIsNotComparedByMeaning() throws Exception {
    String before =
        "Hi.\"},{\"role\":\"assistant\",\"content\":\"Hello.\"},{\"role\":\"user\",\"content\":\"";
    ask(before + "Where is my parcel now?", "");
    assertThat(source(ask(before + "Well, where is my parcel now?", ""))).isEqualTo("model");
    assertThat(rest.gateway.facts.await(2))
        .extracting(AuditFact::operation)
        .containsOnly("generate");
  }
}
