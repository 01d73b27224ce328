package dev.cofferdam.worker.kvcache;

import dev.cofferdam.worker.execution.BlockCipher;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.BlockMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Blocks of a few bytes, with the real cipher. */
final class FakeMemory implements BlockMemory {
  static final int BYTES = 32;

  final List<Integer> zeroed = new ArrayList<>();
  final byte[][] blocks;
  private final byte[][] tags;
  private final BlockCipher cipher = new BlockCipher(BYTES);

  FakeMemory(int blocks) {
    this.blocks = new byte[blocks][BYTES];
    this.tags = new byte[blocks][BlockCipher.TAG_BYTES];
  }

  @Override
  public void zeroBlocks(int[] blockIds, int count) {
    for (int i = 0; i < count; i++) {
      zeroed.add(blockIds[i]);
      Arrays.fill(blocks[blockIds[i]], (byte) 0);
    }
  }

  @Override
  public void sealBlock(int block, BlockKey key, long seal) {
    MemorySegment part = MemorySegment.ofArray(blocks[block]);
    cipher.seal(part, part, key, seal, 0, tags[block], 0);
  }

  @Override
  public boolean openBlock(int block, BlockKey key, long seal) {
    MemorySegment part = MemorySegment.ofArray(blocks[block]);
    return whole(block, cipher.open(part, part, key, seal, 0, tags[block], 0));
  }

  @Override
  public byte[] exportBlock(int block, BlockKey key, long seal) {
    byte[] exported = new byte[BYTES + BlockCipher.TAG_BYTES];
    MemorySegment to = MemorySegment.ofArray(exported).asSlice(0, BYTES);
    cipher.seal(MemorySegment.ofArray(blocks[block]), to, key, seal, 0, exported, BYTES);
    return exported;
  }

  @Override
  public byte[] exportSealed(int block) {
    byte[] exported = Arrays.copyOf(blocks[block], BYTES + BlockCipher.TAG_BYTES);
    System.arraycopy(tags[block], 0, exported, BYTES, BlockCipher.TAG_BYTES);
    return exported;
  }

  @Override
  public boolean importBlock(int block, BlockKey key, long seal, byte[] exported) {
    MemorySegment from = MemorySegment.ofArray(exported).asSlice(0, BYTES);
    MemorySegment to = MemorySegment.ofArray(blocks[block]);
    return whole(block, cipher.open(from, to, key, seal, 0, exported, BYTES));
  }

  private boolean whole(int block, boolean whole) {
    if (!whole) {
      Arrays.fill(blocks[block], (byte) 0);
    }
    return whole;
  }
}
