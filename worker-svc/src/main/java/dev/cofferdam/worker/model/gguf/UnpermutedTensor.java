package dev.cofferdam.worker.model.gguf;

import dev.cofferdam.worker.model.ElementType;
import dev.cofferdam.worker.model.WeightTensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A query or key projection (or its bias) of a file of architecture "llama", in Hugging Face's
 * layout: there the two elements that are rotated together are half a head apart, in the file they
 * are neighbours.
 *
 * @param stored as it is in the file
 * @param headDimension outputs of a head, even; divides the first dimension
 */
record UnpermutedTensor(WeightTensor stored, int headDimension) implements WeightTensor {
  @Override
  public List<Long> shape() {
    return stored.shape();
  }

  @Override
  public void read(long from, float[] target, int offset, int count) {
    Objects.checkFromIndexSize(from, count, elements());
    long width = elements() / shape().getFirst();
    for (int done = 0; done < count; ) {
      long row = (from + done) / width;
      long column = (from + done) % width;
      int n = (int) Math.min(width - column, count - done);
      stored.read(storedRow(row) * width + column, target, offset + done, n);
      done += n;
    }
  }

  /** Never: the rows have another order in the file. */
  @Override
  public Optional<MemorySegment> mapped(ElementType type) {
    return Optional.empty();
  }

  private long storedRow(long row) {
    long within = row % headDimension;
    long half = headDimension / 2;
    return row - within + within % half * 2 + within / half;
  }
}
