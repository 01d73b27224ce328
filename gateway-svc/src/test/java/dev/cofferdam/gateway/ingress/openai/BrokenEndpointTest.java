package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.ingress.rest.RestHarness;
import dev.cofferdam.gateway.ingress.rest.RestSettings;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BrokenEndpointTest {
  @Test
  void aBodyForWhichTheStackIsTooShortIsAnswered(@TempDir Path folder) throws Exception {
    try (RestHarness rest =
        new RestHarness(
            folder,
            RestSettings.DEFAULTS,
            (edge, router) ->
                edge.compute(
                    router.post("/v1/deep"),
                    "/v1/deep",
                    new OpenAiDialect(),
                    (identity, body) -> {
                      throw new StackOverflowError();
                    }))) {
      HttpResponse<String> response =
          rest.send(
              rest.request("/v1/deep")
                  .timeout(Duration.ofSeconds(20))
                  .POST(HttpRequest.BodyPublishers.ofString("{}"))
                  .build());

      assertThat(response.statusCode()).isEqualTo(500);
      assertThat(response.body()).contains("internal error");
    }
  }
}
