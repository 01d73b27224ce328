package dev.cofferdam.worker.execution.cuda;

import dev.cofferdam.worker.execution.cuda.driver.Context;
import dev.cofferdam.worker.execution.cuda.driver.DeviceMemory;
import dev.cofferdam.worker.execution.cuda.driver.PinnedMemory;
import dev.cofferdam.worker.execution.cuda.driver.Stream;
import java.util.ArrayDeque;
import java.util.Deque;

/** Memory that is asked for piece by piece and given back together, also when a piece fails. */
final class Owned implements AutoCloseable {
  private final Deque<AutoCloseable> pieces = new ArrayDeque<>();
  private final Context context;

  Owned(Context context) {
    this.context = context;
  }

  /** Device memory. */
  DeviceMemory device(long bytes) {
    return own(context.allocate(bytes));
  }

  /** Pinned memory of the host. */
  PinnedMemory pinned(long bytes) {
    return own(new PinnedMemory(bytes));
  }

  /** Something else to be closed with the rest. */
  <T extends AutoCloseable> T own(T piece) {
    pieces.push(piece);
    return piece;
  }

  /** Fills all device memory with zeros: pools, activations, logits. */
  void zero(Stream stream) {
    for (AutoCloseable piece : pieces) {
      if (piece instanceof DeviceMemory memory && memory.bytes() > 0) {
        stream.zero(memory.address(), memory.bytes());
      }
    }
    stream.synchronize();
  }

  /** Closes all, the last one first; what fails does not keep the others. */
  @Override
  public void close() {
    RuntimeException failed = null;
    while (!pieces.isEmpty()) {
      try {
        pieces.pop().close();
      } catch (RuntimeException e) {
        failed = failed == null ? e : failed;
      } catch (Exception e) {
        throw new AssertionError(e); // none of these throws one
      }
    }
    if (failed != null) {
      throw failed;
    }
  }
}
