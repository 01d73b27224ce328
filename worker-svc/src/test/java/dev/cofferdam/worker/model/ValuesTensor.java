package dev.cofferdam.worker.model;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** A tensor of values in memory. */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ValuesTensor(float[] values, List<Long> shape) implements WeightTensor {
  @Override
  public void read(long from, float[] target, int offset, int count) {
    System.arraycopy(values, (int) from, target, offset, count);
  }

  @Override
  public Optional<MemorySegment> mapped(ElementType type) {
    return Optional.empty();
  }
}
