package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpenAiDialectTest {
  @ParameterizedTest
  @CsvSource({
    "-5, 0ms",
    "0, 0ms",
    "17, 17ms",
    "999, 999ms",
    "1000, 1s",
    "6500, 6.5s",
    "59999, 59.9s",
    "60000, 1m0s",
    "90100, 1m30.1s"
  })
  void durationsAreWrittenAsOpenAiDoes(long ms, String text) {
    assertThat(OpenAiDialect.duration(ms)).isEqualTo(text);
  }
}
