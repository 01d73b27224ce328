package dev.cofferdam.worker.batching;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.execution.BlockCipher;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.HiddenSum;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.SealBrokenException;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * An executor whose "attention" reads every cell that a sequence may attend to, and fails loudly
 * when one is not what that sequence, or one of the same tenant, adapter and beginning, wrote. A
 * sequence's seed says whose it is: {@link Mark}. The next token is a function of everything read.
 */
public final class FakeExecutor implements ModelExecutor {
  public static final int VOCABULARY = 50;

  /** The owner of public cells, as no tenant's number. */
  private static final int PUBLIC = 100;

  /**
   * Whose a sequence is, packed into its seed.
   *
   * @param tenant number of the tenant
   * @param adapter number of the adapter, 0 for the base model
   * @param poison whether every step with it fails
   * @param nanAt output index at which its logits are not finite; 0: never
   * @param shared positions at the beginning that are public
   */
  public record Mark(int tenant, int adapter, boolean poison, int nanAt, int shared) {
    public Mark(int tenant, int adapter, boolean poison, int nanAt) {
      this(tenant, adapter, poison, nanAt, 0);
    }

    public long seed() {
      return tenant << 24 | adapter << 16 | (poison ? 1 << 15 : 0) | shared << 8 | nanAt;
    }

    static Mark of(long seed) {
      return new Mark(
          (int) seed >> 24,
          (int) seed >> 16 & 0xFF,
          (seed >> 15 & 1) == 1,
          (int) seed & 0xFF,
          (int) seed >> 8 & 0x7F);
    }
  }

  private final ExecutorGeometry geometry;

  /** By block: its cells, and behind them room for a tag. */
  private final byte[][] blocks;

  private final LongBuffer[] cells;
  private final int cellBytes;
  private final BlockCipher cipher;
  private final byte[] opened;
  private final Set<Long> seals = new HashSet<>();
  private final Map<Integer, String> adapters = new HashMap<>();
  private int failNext;
  public int rowsMaxSeen;

  /** How long each step takes on top; 0 for as fast as it goes. */
  public volatile long stepNanos;

  public FakeExecutor(int blocks, int blockTokens, int adapterSlots, int positionsMax) {
    geometry =
        new ExecutorGeometry(VOCABULARY, 2, positionsMax, blocks, blockTokens, 1_000, adapterSlots);
    cellBytes = Long.BYTES * blockTokens;
    this.blocks = new byte[blocks][cellBytes + BlockCipher.TAG_BYTES];
    cells = new LongBuffer[blocks];
    Arrays.setAll(cells, i -> ByteBuffer.wrap(this.blocks[i], 0, cellBytes).asLongBuffer());
    cipher = new BlockCipher(blockTokens * Long.BYTES);
    opened = new byte[cellBytes];
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
    for (int s = 0; s < plan.sequences; s++) {
      addHidden(plan, s);
    }
  }

  /** The hidden state of a position is its token and 1. */
  private static void addHidden(StepPlan plan, int s) {
    HiddenSum hidden = plan.hidden[s];
    for (int row = plan.rowStart[s]; hidden != null && row < plan.rowStart[s + 1]; row++) {
      if (hidden.positions() == plan.positions[row]) {
        hidden.add(new double[] {plan.tokenIds[row], 1});
      }
    }
  }

  private void checkAdapter(int slot, Mark mark) {
    String loaded = slot == 0 ? "0" : adapters.get(slot);
    if (!String.valueOf(mark.adapter).equals(loaded)) {
      throw new AssertionError("adapter slot " + slot + " holds " + loaded + ", not " + mark);
    }
  }

  private long cell(Mark mark, int token, int position) {
    int owner = position < mark.shared ? PUBLIC : mark.tenant;
    return (long) (owner + 1) << 40
        | (long) mark.adapter << 32
        | (long) token << 16
        | (position + 1);
  }

  private void write(StepPlan plan, int s, int row, Mark mark) {
    int position = plan.positions[row];
    LongBuffer block =
        cells[plan.blockTable[plan.blockStart[s] + position / geometry.blockTokens()]];
    int slot = position % geometry.blockTokens();
    long cell = cell(mark, plan.tokenIds[row], position);
    if (block.get(slot) != 0 && block.get(slot) != cell) {
      throw new AssertionError("a cell that was not zero is written over");
    }
    block.put(slot, cell);
  }

  private long read(StepPlan plan, int s, Mark mark) {
    int last = plan.positions[plan.rowStart[s + 1] - 1];
    long state = start(mark.adapter);
    for (int p = 0; p <= last; p++) {
      int slot = p % geometry.blockTokens();
      if (slot == 0) {
        open(plan, s, plan.blockStart[s] + p / geometry.blockTokens());
      }
      long cell = ByteBuffer.wrap(opened).getLong(Long.BYTES * slot);
      int token = (int) (cell >> 16 & 0xFFFF);
      if (cell != cell(mark, token, p)) {
        throw new AssertionError("a sequence reads a foreign or missing cell at " + p);
      }
      state = next(state, token);
    }
    return state;
  }

  private void open(StepPlan plan, int s, int entry) {
    int block = plan.blockTable[entry];
    if (plan.seal[entry] == 0) {
      System.arraycopy(blocks[block], 0, opened, 0, cellBytes);
    } else if (!cipher.open(
        blocks[block],
        0,
        opened,
        0,
        Objects.requireNonNull(plan.blockKey[s]),
        plan.seal[entry],
        0)) {
      throw new SealBrokenException();
    }
  }

  private void unused(long seal) {
    if (seal == 0 || !seals.add(seal)) {
      throw new AssertionError("a seal's number is used twice: its nonce repeats");
    }
  }

  /** Flips a bit of a block. */
  public void tamper(int block) {
    blocks[block][block % cellBytes] ^= (byte) (1 << block % Byte.SIZE);
  }

  /** Whether the block holds cells that can be read as they lie there. */
  public boolean readable(int block) {
    for (int i = 0; i < cells[block].capacity(); i++) {
      long cell = cells[block].get(i);
      if (cell != 0 && (cell >>> 48 != 0 || (cell >> 16 & 0xFFFF) >= VOCABULARY)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void sealBlock(int block, BlockKey key, long seal) {
    unused(seal);
    cipher.seal(blocks[block], 0, blocks[block], 0, key, seal, 0);
  }

  @Override
  public boolean openBlock(int block, BlockKey key, long seal) {
    return open(blocks[block], block, key, seal);
  }

  private boolean open(byte[] from, int block, BlockKey key, long seal) {
    boolean whole = cipher.open(from, 0, blocks[block], 0, key, seal, 0);
    Arrays.fill(blocks[block], whole ? cellBytes : 0, blocks[block].length, (byte) 0);
    return whole;
  }

  @Override
  public byte[] exportBlock(int block, BlockKey key, long seal) {
    unused(seal);
    byte[] exported = new byte[blocks[block].length];
    cipher.seal(blocks[block], 0, exported, 0, key, seal, 0);
    return exported;
  }

  @Override
  public byte[] exportSealed(int block) {
    return blocks[block].clone();
  }

  @Override
  public boolean importBlock(int block, BlockKey key, long seal, byte[] exported) {
    return open(exported, block, key, seal);
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
      Arrays.fill(blocks[blockIds[i]], (byte) 0);
    }
  }

  @Override
  public long residueBytes(int blockId) {
    long bytes = 0;
    for (byte value : blocks[blockId]) {
      bytes += value == 0 ? 0 : 1;
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
