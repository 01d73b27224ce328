package dev.cofferdam.worker.model;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A tensor of a model in row-major order, wherever and however it is stored. */
public interface WeightTensor {

  /** Its dimensions, outermost first. */
  List<Long> shape();

  /** Number of elements; checked not to overflow when the file was opened. */
  default long elements() {
    return shape().stream().reduce(1L, (product, dimension) -> product * dimension);
  }

  /** Whether the shape is exactly {@code dimensions}. */
  default boolean hasShape(long... dimensions) {
    return shape().equals(Arrays.stream(dimensions).boxed().toList());
  }

  /** Whether every element is a BF16 number as it is stored. */
  default boolean bf16() {
    return false;
  }

  /**
   * Copies elements, widened to F32.
   *
   * @param from first element
   * @param target where to
   * @param offset first index in {@code target}
   * @param count number of elements
   * @throws IndexOutOfBoundsException when they are not all in the tensor
   */
  void read(long from, float[] target, int offset, int count);

  /** Its bytes as they lie in the mapped file, little-endian, if they are of that type. */
  Optional<MemorySegment> mapped(ElementType type);
}
