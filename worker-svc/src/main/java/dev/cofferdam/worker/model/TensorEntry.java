package dev.cofferdam.worker.model;

import java.util.List;

/**
 * A tensor of a file, checked: {@code end − begin} is the number of elements times the bytes of
 * one.
 *
 * @param name its name
 * @param type type of its elements
 * @param shape its dimensions, outermost first
 * @param begin first byte, counted from the end of the header
 * @param end byte behind its last
 */
public record TensorEntry(String name, ElementType type, List<Long> shape, long begin, long end) {
  public TensorEntry {
    shape = List.copyOf(shape);
  }

  /** Number of elements. */
  public long elements() {
    return (end - begin) / type.bytes();
  }

  /** Whether the shape is exactly {@code dimensions}. */
  public boolean hasShape(long... dimensions) {
    if (dimensions.length != shape.size()) {
      return false;
    }
    for (int i = 0; i < dimensions.length; i++) {
      if (shape.get(i) != dimensions[i]) {
        return false;
      }
    }
    return true;
  }
}
