package dev.cofferdam.worker.model.gguf;

import dev.cofferdam.worker.model.ElementType;
import java.util.Arrays;
import java.util.Optional;

/**
 * Types of tensors that can be read: elements in blocks of fixed size.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">the format</a>
 */
enum GgufType {
  F32(0, 1, 4),
  F16(1, 1, 2),
  Q4_0(2, 32, 18),
  Q8_0(8, 32, 34),
  Q4_K(12, 256, 144),
  Q6_K(14, 256, 210),
  BF16(30, 1, 2);

  private final int id;
  private final int blockElements;
  private final int blockBytes;

  GgufType(int id, int blockElements, int blockBytes) {
    this.id = id;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  /** The type of an id in a file, if it is one of these. */
  static Optional<GgufType> of(long id) {
    return Arrays.stream(values()).filter(type -> type.id == id).findFirst();
  }

  int id() {
    return id;
  }

  int blockElements() {
    return blockElements;
  }

  int blockBytes() {
    return blockBytes;
  }

  /** The same type of other files, if its elements are not quantised. */
  Optional<ElementType> plain() {
    return switch (this) {
      case F32 -> Optional.of(ElementType.F32);
      case F16 -> Optional.of(ElementType.F16);
      case BF16 -> Optional.of(ElementType.BF16);
      case Q4_0, Q8_0, Q4_K, Q6_K -> Optional.empty();
    };
  }
}
