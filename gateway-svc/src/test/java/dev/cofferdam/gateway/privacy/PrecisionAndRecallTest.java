package dev.cofferdam.gateway.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.PersonalData;
import dev.cofferdam.vocabulary.PrivacyPolicy;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Prints precision and recall of each detector over a generated labelled set. */
class PrecisionAndRecallTest {
  private static final int TEXTS = 20_000;

  private static final class Score {
    int right;
    int wrong;
    int missed;

    double precision() {
      return right / (double) (right + wrong);
    }

    double recall() {
      return right / (double) (right + missed);
    }
  }

  @Test
  void eachKindIsFoundAndLittleElse() {
    Detectors detectors = new Detectors(PrivacyPolicy.MASK_ALL);
    Map<PersonalData, Score> scores = new EnumMap<>(PersonalData.class);
    for (PersonalData kind : PersonalData.values()) {
      scores.put(kind, new Score());
    }
    LabelledTexts texts = new LabelledTexts(1);
    for (int i = 0; i < TEXTS; i++) {
      LabelledTexts.Labelled labelled = texts.next();
      boolean found = false;
      for (Detectors.Found f : detectors.in(labelled.text())) {
        boolean right =
            f.kind() == labelled.kind()
                && labelled.text().substring(f.start(), f.end()).equals(labelled.value());
        found |= right;
        scores.get(f.kind()).right += right ? 1 : 0;
        scores.get(f.kind()).wrong += right ? 0 : 1;
      }
      if (labelled.kind() != null && !found) {
        scores.get(labelled.kind()).missed++;
      }
    }
    scores.forEach(
        (kind, score) -> {
          System.out.printf(
              "%s precision %.4f recall %.4f of %d%n",
              kind.label(), score.precision(), score.recall(), score.right + score.missed);
          assertThat(score.precision()).as("precision of %s", kind.label()).isGreaterThan(0.99);
          assertThat(score.recall()).as("recall of %s", kind.label()).isGreaterThan(0.98);
        });
  }
}
