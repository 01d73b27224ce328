package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.model.ModelConfig;
import java.util.Arrays;

/**
 * The paged KV pool: one array for each block, so that zeroing, scanning and copying a block touch
 * one piece of memory. A block holds [layer][key, then value][kv head]; keys as [element][token],
 * values as [token][element].
 */
final class KvPool {
  /** The blocks by id. */
  final float[][] blocks;

  private final int kvHeads;
  private final int headDimension;
  private final int blockTokens;
  private final int headElements;

  KvPool(ModelConfig model, int blocks, int blockTokens) {
    this.kvHeads = model.kvHeads();
    this.headDimension = model.headDimension();
    this.blockTokens = blockTokens;
    this.headElements = headDimension * blockTokens;
    this.blocks = new float[blocks][Math.toIntExact(model.kvElementsPerToken() * blockTokens)];
  }

  /** Where the keys of a head begin in each block. */
  int keys(int layer, int head) {
    return (2 * layer * kvHeads + head) * headElements;
  }

  /** Where the values of a head begin in each block. */
  int values(int layer, int head) {
    return ((2 * layer + 1) * kvHeads + head) * headElements;
  }

  /** Writes key and value of a token, given as all heads one after the other. */
  void write(int blockId, int slot, int layer, float[] source, int key, int value) {
    float[] block = blocks[blockId];
    for (int head = 0; head < kvHeads; head++) {
      int to = keys(layer, head) + slot;
      int from = key + head * headDimension;
      for (int i = 0; i < headDimension; i++) {
        block[to + i * blockTokens] = source[from + i];
      }
      System.arraycopy(
          source,
          value + head * headDimension,
          block,
          values(layer, head) + slot * headDimension,
          headDimension);
    }
  }

  /** Fills a block with zeros. */
  void zero(int blockId) {
    Arrays.fill(blocks[blockId], 0f);
  }

  /** Bytes of a block that are not zero. */
  long residueBytes(int blockId) {
    long bytes = 0;
    for (float value : blocks[blockId]) {
      for (int bits = Float.floatToRawIntBits(value); bits != 0; bits >>>= Byte.SIZE) {
        bytes += (bits & 0xFF) == 0 ? 0 : 1;
      }
    }
    return bytes;
  }
}
