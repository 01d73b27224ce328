package dev.cofferdam.worker.generation;

/**
 * What makes tokens less likely that were there before.
 *
 * @param repetition divides positive logits and multiplies negative ones of every token of input
 *     and output (Keskar et al., CTRL, section 4.1); 1 changes nothing
 * @param presence subtracted from the logit of every token of the output
 * @param frequency subtracted from the logit of a token for each time that the output has it
 */
public record Penalties(float repetition, float presence, float frequency) {
  /** Changes nothing. */
  public static final Penalties NONE = new Penalties(1, 0, 0);

  /** Largest presence and frequency penalty, either way. */
  public static final float ADDITIVE_MAX = 2;

  /** Largest repetition penalty. */
  public static final float REPETITION_MAX = 10;

  /**
   * @throws IllegalArgumentException naming the value that does not hold
   */
  public Penalties {
    require(repetition > 0 && repetition <= REPETITION_MAX, "repetition_penalty", "in (0, 10]");
    require(Math.abs(presence) <= ADDITIVE_MAX, "presence_penalty", "-2 to 2");
    require(Math.abs(frequency) <= ADDITIVE_MAX, "frequency_penalty", "-2 to 2");
  }

  private static void require(boolean holds, String name, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(name + ": out of range (expected: " + expected + ")");
    }
  }

  /** Whether it changes nothing. */
  public boolean none() {
    return repetition == 1 && presence == 0 && frequency == 0;
  }
}
