package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.model.ModelConfig;

/**
 * Cosines and sines of the rotary embedding (Su et al., 2021) for every position, times the
 * scaling's attention factor, and the rotation in Hugging Face's half-split layout.
 */
final class RotaryTable {
  private final int half;
  private final float[] cosines;
  private final float[] sines;

  RotaryTable(ModelConfig model, int positions) {
    half = model.headDimension() / 2;
    cosines = new float[Math.multiplyExact(positions, half)];
    sines = new float[cosines.length];
    float[] frequencies = model.ropeFrequencies();
    double factor = model.ropeScaling().attentionFactor();
    for (int position = 0; position < positions; position++) {
      for (int i = 0; i < half; i++) {
        float angle = position * frequencies[i]; // rounded to F32, as in training
        cosines[position * half + i] = (float) (StrictMath.cos(angle) * factor);
        sines[position * half + i] = (float) (StrictMath.sin(angle) * factor);
      }
    }
  }

  /** Rotates a head that begins at {@code at}. */
  void rotate(float[] heads, int at, int position) {
    int table = position * half;
    for (int i = 0; i < half; i++) {
      float first = heads[at + i];
      float second = heads[at + half + i];
      float cosine = cosines[table + i];
      float sine = sines[table + i];
      heads[at + i] = first * cosine - second * sine;
      heads[at + half + i] = second * cosine + first * sine;
    }
  }
}
