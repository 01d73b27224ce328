package dev.cofferdam.gateway.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.PersonalData;
import dev.cofferdam.vocabulary.PrivacyPolicy;
import dev.cofferdam.vocabulary.RefusedException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MaskingTest {
  private static final String TEXT =
      "ada@example.org paid with 4111 1111 1111 1111; ada@example.org";

  private static Masking masking(String... input) {
    return Masking.of(PrivacyPolicy.MASK_ALL, List.of(input), "messages");
  }

  @Test
  void equalValuesHaveOnePlaceholderInAllOfTheInput() {
    Masking masking = masking(TEXT);
    assertThat(masking.mask(TEXT)).isEqualTo("[EMAIL_1] paid with [CARD_2]; [EMAIL_1]");
    assertThat(masking.mask("and ada@example.org")).isEqualTo("and [EMAIL_1]");
    assertThat(masking.counts()).isEqualTo(Map.of(PersonalData.EMAIL, 1, PersonalData.CARD, 1));
  }

  @Test
  void aPlaceholderThatTheClientWroteIsNobodys() {
    String text = "[EMAIL_1] is not ada@example.org";
    Masking masking = masking(text);
    assertThat(masking.mask(text)).isEqualTo("[EMAIL_1] is not [EMAIL_2]");
    Unmasking back = new Unmasking(masking);
    assertThat(back.accept("[EMAIL_1] and [EMAIL_2]")).isEqualTo("[EMAIL_1] and ada@example.org");
  }

  @Test
  void aConversationThatGrowsKeepsItsBeginning() {
    Masking first = masking("I am ada@example.org");
    Masking second =
        masking("I am ada@example.org", "Hello ada@example.org", "and bob@example.org");
    assertThat(second.mask("I am ada@example.org")).isEqualTo(first.mask("I am ada@example.org"));
    assertThat(second.mask("and bob@example.org")).isEqualTo("and [EMAIL_2]");
  }

  @Test
  void aRefusalNamesKindsAndNoContent() {
    PrivacyPolicy policy =
        PrivacyPolicy.of(
            PrivacyPolicy.Mode.REFUSE,
            List.of(PersonalData.CARD, PersonalData.EMAIL),
            Optional.empty());
    assertThat(Masking.of(policy, List.of("219-09-9999"), "messages")).isSameAs(Masking.NONE);
    assertThatThrownBy(() -> Masking.of(policy, List.of(TEXT), "messages"))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> {
              assertThat(e.refusal().code()).isEqualTo(ErrorCode.PERSONAL_DATA);
              assertThat(e.refusal().parameter()).contains("messages");
              assertThat(e.refusal().message()).endsWith("card, email").doesNotContain("ada");
            });
  }

  @Test
  void nothingIsSearchedForWhereThePolicyIsOff() {
    Masking masking = Masking.of(PrivacyPolicy.OFF, List.of(TEXT), "messages");
    assertThat(masking.mask(TEXT)).isEqualTo(TEXT);
  }

  @Test
  void valuesComeBackHoweverTheAnswerIsCut() {
    Masking masking = masking(TEXT);
    masking.mask(TEXT);
    String answer = "[[EMAIL_1] [EMAIL_12] [CARD_2][EMAIL_1 [CARD_1] [EMAIL_ [[CARD_2]] [EM";
    String restored =
        answer.replace("[EMAIL_1]", "ada@example.org").replace("[CARD_2]", "4111 1111 1111 1111");
    for (int seed = 0; seed < 2_000; seed++) {
      Random random = new Random(seed);
      Unmasking back = new Unmasking(masking);
      StringBuilder told = new StringBuilder();
      for (int from = 0; from < answer.length(); ) {
        int to = Math.min(answer.length(), from + 1 + random.nextInt(6));
        told.append(back.accept(answer.substring(from, to)));
        from = to;
      }
      told.append(back.end());
      assertThat(told).as("seed %d", seed).hasToString(restored);
    }
  }

  @Test
  void onlyWhatMayBecomeAPlaceholderIsHeldBack() {
    Masking masking = masking(TEXT);
    masking.mask(TEXT);
    Unmasking back = new Unmasking(masking);
    assertThat(back.accept("a [EMA")).isEqualTo("a ");
    assertThat(back.accept("NET] [x")).isEqualTo("[EMANET] [x");
    assertThat(new Unmasking(Masking.NONE).accept("[EMA")).isEqualTo("[EMA");
  }
}
