package dev.cofferdam.worker.kvcache;

import dev.cofferdam.worker.execution.BlockCipher;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.BlockMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Blocks of a few bytes and room for a tag, with the real cipher. */
final class FakeMemory implements BlockMemory {
  static final int BYTES = 32;
  static final int BLOCK = BYTES + BlockCipher.TAG_BYTES;

  final List<Integer> zeroed = new ArrayList<>();
  final byte[][] blocks;
  private final BlockCipher cipher = new BlockCipher(BYTES);

  FakeMemory(int blocks) {
    this.blocks = new byte[blocks][BLOCK];
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
    cipher.seal(blocks[block], 0, blocks[block], 0, key, seal, 0);
  }

  @Override
  public boolean openBlock(int block, BlockKey key, long seal) {
    return open(blocks[block], block, key, seal);
  }

  @Override
  public byte[] exportBlock(int block, BlockKey key, long seal) {
    byte[] exported = new byte[BLOCK];
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

  private boolean open(byte[] from, int block, BlockKey key, long seal) {
    boolean whole = cipher.open(from, 0, blocks[block], 0, key, seal, 0);
    Arrays.fill(blocks[block], whole ? BYTES : 0, BLOCK, (byte) 0);
    return whole;
  }
}
