package dev.cofferdam.worker.app.bench;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.model.ModelConfig;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Adapters of rank 16 that change every projection, of random BF16 numbers. */
final class RandomAdapter {
  private static final int RANK = 16;

  private RandomAdapter() {}

  /** The adapter of a number. */
  static LoraAdapter of(ModelConfig model, int number) {
    SplittableRandom random = new SplittableRandom(number);
    List<Map<LoraTarget, LoraAdapter.Module>> layers = new ArrayList<>();
    for (int layer = 0; layer < model.layers(); layer++) {
      Map<LoraTarget, LoraAdapter.Module> modules = new EnumMap<>(LoraTarget.class);
      for (LoraTarget target : LoraTarget.values()) {
        modules.put(
            target,
            new LoraAdapter.Module(
                values(random, RANK * target.inputs(model)),
                values(random, RANK * target.outputs(model))));
      }
      layers.add(modules);
    }
    return new LoraAdapter("bench", String.format("%064x", number), RANK, 1, layers);
  }

  private static float[] values(SplittableRandom random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      int bits = Float.floatToRawIntBits((float) random.nextDouble(-0.03, 0.03));
      values[i] = Float.intBitsToFloat(bits & 0xFFFF0000);
    }
    return values;
  }
}
