package dev.cofferdam.worker.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class PenalizedLogitsTest {
  private static final int VOCABULARY = 20;
  private final PenalizedLogits penalized = new PenalizedLogits(VOCABULARY);

  /** The definitions as they are written, token by token. */
  private static double expected(
      float logit, int token, Penalties penalties, int[] history, int prompt, int length) {
    int times = 0;
    boolean seen = false;
    for (int i = 0; i < length; i++) {
      seen |= history[i] == token;
      times += i >= prompt && history[i] == token ? 1 : 0;
    }
    double value = logit;
    if (seen) {
      value = value > 0 ? value / penalties.repetition() : value * penalties.repetition();
    }
    return value - (times > 0 ? penalties.presence() : 0) - times * penalties.frequency();
  }

  @Test
  void penaltiesAreTheirDefinitionsAndAreTakenBackExactly() {
    for (long seed = 0; seed < 500; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      int offset = random.nextInt(3);
      float[] logits = new float[VOCABULARY + 3];
      for (int i = 0; i < logits.length; i++) {
        logits[i] = (float) (3 * random.nextGaussian());
      }
      int[] history = random.ints(40, 0, VOCABULARY).toArray();
      int length = random.nextInt(41);
      int prompt = length == 0 ? 0 : random.nextInt(length + 1);
      Penalties penalties =
          new Penalties(
              (float) random.nextDouble(0.5, 2),
              (float) random.nextDouble(-2, 2),
              (float) random.nextDouble(-2, 2));
      float[] before = logits.clone();
      penalized.apply(logits, offset, penalties, history, prompt, length);
      for (int token = 0; token < VOCABULARY; token++) {
        assertThat((double) logits[offset + token])
            .as("seed %d, token %d", seed, token)
            .isCloseTo(
                expected(before[offset + token], token, penalties, history, prompt, length),
                Offset.offset(1e-4));
      }
      penalized.undo(logits, offset);
      assertThat(logits).as("seed %d", seed).isEqualTo(before);
    }
  }

  @Test
  void valuesOutOfRangeAreNamed() {
    assertThatThrownBy(() -> new Penalties(0, 0, 0)).hasMessageContaining("repetition_penalty");
    assertThatThrownBy(() -> new Penalties(Float.NaN, 0, 0))
        .hasMessageContaining("repetition_penalty");
    assertThatThrownBy(() -> new Penalties(1, 2.1f, 0)).hasMessageContaining("presence_penalty");
    assertThatThrownBy(() -> new Penalties(1, 0, Float.NaN))
        .hasMessageContaining("frequency_penalty");
    assertThat(Penalties.NONE.none()).isTrue();
    assertThat(new Penalties(1, 0, 0.1f).none()).isFalse();
  }
}
