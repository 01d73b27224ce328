package dev.cofferdam.worker.model.gguf;

import dev.cofferdam.worker.model.ElementType;
import dev.cofferdam.worker.model.WeightTensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A tensor of a file, checked to lie within it.
 *
 * @param type how its elements are stored
 * @param shape its dimensions, outermost first; the last is a multiple of the type's block
 * @param data its bytes, exactly
 */
record GgufTensor(GgufType type, List<Long> shape, MemorySegment data) implements WeightTensor {
  GgufTensor {
    shape = List.copyOf(shape);
  }

  @Override
  public void read(long from, float[] target, int offset, int count) {
    Objects.checkFromIndexSize(from, count, elements());
    Optional<ElementType> plain = type.plain();
    if (plain.isPresent()) {
      plain.get().widen(data, from * plain.get().bytes(), target, offset, count);
      return;
    }
    int size = type.blockElements();
    float[] block = new float[size];
    for (int done = 0; done < count; ) {
      long at = from + done;
      int skipped = (int) (at % size);
      int n = Math.min(size - skipped, count - done);
      Blocks.widen(type, data, at / size * type.blockBytes(), block);
      System.arraycopy(block, skipped, target, offset + done, n);
      done += n;
    }
  }

  @Override
  public Optional<MemorySegment> mapped(ElementType wanted) {
    return type.plain().filter(wanted::equals).map(plain -> data);
  }
}
