package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * An executor whose "attention" reads every cell that a sequence may attend to, and fails loudly
 * when one is not what that sequence, or one of the same tenant, adapter and beginning, wrote. A
 * sequence's seed says whose it is: {@link Mark}. The next token is a function of everything read.
 */
public final class FakeExecutor implements ModelExecutor {
  public static final int VOCABULARY = 50;

  /**
   * Whose a sequence is, packed into its seed.
   *
   * @param tenant number of the tenant
   * @param adapter number of the adapter, 0 for the base model
   * @param poison whether every step with it fails
   * @param nanAt output index at which its logits are not finite; 0: never
   */
  public record Mark(int tenant, int adapter, boolean poison, int nanAt) {
    public long seed() {
      return tenant << 24 | adapter << 16 | (poison ? 1 << 15 : 0) | nanAt;
    }

    static Mark of(long seed) {
      return new Mark(
          (int) seed >> 24, (int) seed >> 16 & 0xFF, (seed >> 15 & 1) == 1, (int) seed & 0x7FFF);
    }
  }

  private final ExecutorGeometry geometry;
  private final long[][] cells;
  private final Map<Integer, String> adapters = new HashMap<>();
  private int failNext;
  public int rowsMaxSeen;

  /** How long each step takes on top; 0 for as fast as it goes. */
  public volatile long stepNanos;

  public FakeExecutor(int blocks, int blockTokens, int adapterSlots, int positionsMax) {
    geometry =
        new ExecutorGeometry(VOCABULARY, positionsMax, blocks, blockTokens, 1_000, adapterSlots);
    cells = new long[blocks][blockTokens];
  }

  /** Lets the next so many steps fail half-way. */
  public void failNext(int steps) {
    failNext = steps;
  }

  @Override
  public ExecutorGeometry geometry() {
    return geometry;
  }

  @Override
  public void execute(StepPlan plan, StepResult result) {
    rowsMaxSeen = Math.max(rowsMaxSeen, plan.rows);
    if (stepNanos > 0) {
      LockSupport.parkNanos(stepNanos);
    }
    boolean poisoned = false;
    for (int s = 0; s < plan.sequences; s++) {
      Mark mark = Mark.of(plan.seed[s]);
      checkAdapter(plan.adapterSlot[s], mark);
      for (int row = plan.rowStart[s]; row < plan.rowStart[s + 1]; row++) {
        write(plan, s, row, mark);
      }
      poisoned |= mark.poison;
      long state = read(plan, s, mark);
      result.tokenId[s] = token(state);
      result.notFinite[s] = mark.nanAt > 0 && plan.outputIndex[s] >= mark.nanAt;
    }
    if (poisoned || failNext > 0) {
      failNext = Math.max(0, failNext - 1);
      throw new IllegalStateException("the step fails");
    }
  }

  private void checkAdapter(int slot, Mark mark) {
    String loaded = slot == 0 ? "0" : adapters.get(slot);
    if (!String.valueOf(mark.adapter).equals(loaded)) {
      throw new AssertionError("adapter slot " + slot + " holds " + loaded + ", not " + mark);
    }
  }

  private long cell(Mark mark, int token, int position) {
    return (long) (mark.tenant + 1) << 40
        | (long) mark.adapter << 32
        | (long) token << 16
        | (position + 1);
  }

  private void write(StepPlan plan, int s, int row, Mark mark) {
    int position = plan.positions[row];
    long[] block = cells[plan.blockTable[plan.blockStart[s] + position / geometry.blockTokens()]];
    int slot = position % geometry.blockTokens();
    long cell = cell(mark, plan.tokenIds[row], position);
    if (block[slot] != 0 && block[slot] != cell) {
      throw new AssertionError("a cell that was not zero is written over");
    }
    block[slot] = cell;
  }

  private long read(StepPlan plan, int s, Mark mark) {
    int last = plan.positions[plan.rowStart[s + 1] - 1];
    long state = start(mark.adapter);
    for (int p = 0; p <= last; p++) {
      long cell =
          cells[plan.blockTable[plan.blockStart[s] + p / geometry.blockTokens()]][
              p % geometry.blockTokens()];
      int token = (int) (cell >> 16 & 0xFFFF);
      if (cell != cell(mark, token, p)) {
        throw new AssertionError("a sequence reads a foreign or missing cell at " + p);
      }
      state = next(state, token);
    }
    return state;
  }

  private static long start(int adapter) {
    return 0x9E3779B97F4A7C15L + adapter;
  }

  private static long next(long state, int token) {
    long x = (state ^ token) * 0xBF58476D1CE4E5B9L;
    return x ^ x >>> 29;
  }

  private static int token(long state) {
    return (int) Long.remainderUnsigned(state, VOCABULARY);
  }

  /** The token that must follow, computed from the tokens alone. */
  public static int expected(int adapter, int[] tokens, int length) {
    long state = start(adapter);
    for (int i = 0; i < length; i++) {
      state = next(state, tokens[i]);
    }
    return token(state);
  }

  /** An adapter with a number as its version. */
  public static Optional<LoraAdapter> adapter(int number) {
    return number == 0
        ? Optional.empty()
        : Optional.of(
            new LoraAdapter("adapter", String.valueOf(number), 1, 1, java.util.List.of()));
  }

  @Override
  public void zeroBlocks(int[] blockIds, int count) {
    for (int i = 0; i < count; i++) {
      java.util.Arrays.fill(cells[blockIds[i]], 0);
    }
  }

  @Override
  public long residueBytes(int blockId) {
    long bytes = 0;
    for (long cell : cells[blockId]) {
      bytes += cell == 0 ? 0 : 8;
    }
    return bytes;
  }

  @Override
  public int loadAdapter(LoraAdapter adapter) {
    for (int slot = 1; slot <= geometry.adapterSlots(); slot++) {
      if (adapters.putIfAbsent(slot, adapter.version()) == null) {
        return slot;
      }
    }
    throw new AssertionError("no adapter slot is free");
  }

  @Override
  public void unloadAdapter(int slot) {
    if (adapters.remove(slot) == null) {
      throw new AssertionError("the adapter slot is empty");
    }
  }

  @Override
  public String kind() {
    return "fake";
  }

  @Override
  public void close() {}
}
