package dev.cofferdam.gateway.retrieval;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PassagesTest {
  @Test
  void aShortTextIsOnePassage() {
    assertThat(Passages.of("Returns are free.")).containsExactly("Returns are free.");
    assertThat(Passages.of("")).isEmpty();
  }

  @Test
  void aTextIsCutBehindAParagraphThenASentenceThenAWord() {
    String head = "word ".repeat(150);
    assertThat(Passages.of(head + "end.\n\n" + "x".repeat(900)).getFirst()).endsWith("end.\n\n");
    assertThat(Passages.of(head + "An end. " + "x".repeat(900)).getFirst()).endsWith("An end. ");
    assertThat(Passages.of(head + "x".repeat(900)).getFirst()).isEqualTo(head);
  }

  @Test
  void aCharacterIsNeverCut() {
    List<String> passages = Passages.of("x" + "\uD83D\uDE00".repeat(2_000));

    assertThat(passages)
        .hasSizeGreaterThan(3)
        .allSatisfy(
            passage -> {
              assertThat(Character.isLowSurrogate(passage.charAt(0))).isFalse();
              assertThat(Character.isHighSurrogate(passage.charAt(passage.length() - 1))).isFalse();
            });
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void passagesAreBoundedAndTogetherTheText(long seed) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder();
    String[] pieces = {"a", "word", " ", "\n", "\n\n", ". ", "? ", "\uD83D\uDE00", "é", "\t"};
    while (text.length() < 20_000) {
      text.append(pieces[random.nextInt(1 + random.nextInt(pieces.length))]);
    }

    List<String> passages = Passages.of(text.toString());

    assertThat(String.join("", passages)).isEqualTo(text.toString());
    assertThat(passages)
        .allSatisfy(passage -> assertThat(passage.length()).isBetween(1, Passages.CHARS_MAX));
  }
}
