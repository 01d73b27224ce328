package dev.cofferdam.worker.execution.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * An adapter as the device wants it, on the host: factors rounded to BF16, one behind the other,
 * each at a multiple of 16 bytes.
 */
final class HostAdapter {
  /** Bytes of an entry of the kernels' table of factors. */
  static final int MODULE_BYTES = 24;

  private static final LoraTarget[] TARGETS = LoraTarget.values();
  private static final long NONE = -1;

  private final LoraAdapter adapter;

  /** Where A and B of each layer and target begin, in turns; {@link #NONE}: not changed. */
  private final long[] places;

  private final short[] factors;

  /**
   * Rounds an adapter's factors.
   *
   * @throws IllegalArgumentException when it is one of another model, or too large
   */
  HostAdapter(LoraAdapter adapter, ModelConfig model) {
    if (adapter.layers() != model.layers()) {
      throw new IllegalArgumentException("an adapter of another model: its layers");
    }
    this.adapter = adapter;
    places = new long[2 * TARGETS.length * model.layers()];
    long elements = 0;
    for (int i = 0; i < places.length / 2; i++) {
      Optional<LoraAdapter.Module> module = module(i);
      places[2 * i] = module.isPresent() ? elements : NONE;
      elements += module.map(m -> aligned(m.a().length)).orElse(0L);
      places[2 * i + 1] = module.isPresent() ? elements : NONE;
      elements += module.map(m -> aligned(m.b().length)).orElse(0L);
      check(adapter, model, TARGETS[i % TARGETS.length], module);
    }
    factors = new short[Math.toIntExact(elements)];
    for (int i = 0; i < places.length / 2; i++) {
      int at = i;
      module(i)
          .ifPresent(
              m -> {
                round(m.a(), (int) places[2 * at]);
                round(m.b(), (int) places[2 * at + 1]);
              });
    }
  }

  private static void check(
      LoraAdapter adapter,
      ModelConfig model,
      LoraTarget target,
      Optional<LoraAdapter.Module> module) {
    module.ifPresent(
        m -> {
          if (m.a().length != adapter.rank() * target.inputs(model)
              || m.b().length != adapter.rank() * target.outputs(model)) {
            throw new IllegalArgumentException("an adapter of another model: its widths");
          }
        });
  }

  private Optional<LoraAdapter.Module> module(int index) {
    return adapter.module(index / TARGETS.length, TARGETS[index % TARGETS.length]);
  }

  private static long aligned(int elements) {
    return (elements + 7L) / 8 * 8;
  }

  private void round(float[] from, int at) {
    for (int i = 0; i < from.length; i++) {
      factors[at + i] = Upload.bf16(from[i]);
    }
  }

  /** Bytes of its factors. */
  long bytes() {
    return (long) factors.length * Short.BYTES;
  }

  /** Its factors. */
  MemorySegment factors() {
    return MemorySegment.ofArray(factors);
  }

  /** Its entries of the table, by layer and target, for factors that lie at {@code address}. */
  MemorySegment table(long address) {
    int modules = places.length / 2;
    MemorySegment table = MemorySegment.ofArray(new long[modules * MODULE_BYTES / Long.BYTES]);
    for (int i = 0; i < modules; i++) {
      if (places[2 * i] != NONE) {
        long at = (long) i * MODULE_BYTES;
        table.set(JAVA_LONG, at, address + places[2 * i] * JAVA_SHORT.byteSize());
        table.set(JAVA_LONG, at + 8, address + places[2 * i + 1] * JAVA_SHORT.byteSize());
        table.set(JAVA_INT, at + 16, adapter.rank());
        table.set(JAVA_FLOAT, at + 20, adapter.scale());
      }
    }
    return table;
  }
}
