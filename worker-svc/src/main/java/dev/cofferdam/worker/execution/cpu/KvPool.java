package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.BlockCipher;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The paged KV pool: one array for each block, so that zeroing, scanning and copying a block touch
 * one piece of memory. A block holds [layer][key, then value][kv head]; keys as [element][token],
 * values as [token][element]. A block is sealed layer by layer, so that a step can read one layer
 * of it at a time; the tags lie beside the pool.
 */
final class KvPool {
  /** The blocks by id. */
  final float[][] blocks;

  private final int kvHeads;
  private final int headDimension;
  private final int blockTokens;
  private final int headElements;
  private final int layers;
  private final int layerElements;
  private final byte[][] tags;

  KvPool(ModelConfig model, int blocks, int blockTokens) {
    this.kvHeads = model.kvHeads();
    this.headDimension = model.headDimension();
    this.blockTokens = blockTokens;
    this.headElements = headDimension * blockTokens;
    this.layers = model.layers();
    this.layerElements = 2 * kvHeads * headElements;
    this.tags = new byte[blocks][layers * BlockCipher.TAG_BYTES];
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
    Arrays.fill(tags[blockId], (byte) 0);
  }

  /** Elements of a layer's keys and values in a block. */
  int layerElements() {
    return layerElements;
  }

  /** A cipher for the layers of this pool's blocks. */
  BlockCipher cipher() {
    return new BlockCipher(layerElements * Float.BYTES);
  }

  private MemorySegment layer(int blockId, int layer) {
    long bytes = (long) layerElements * Float.BYTES;
    return MemorySegment.ofArray(blocks[blockId]).asSlice(layer * bytes, bytes);
  }

  /** Encrypts a block in place. */
  void seal(int blockId, BlockCipher cipher, BlockKey key, long seal) {
    for (int layer = 0; layer < layers; layer++) {
      MemorySegment part = layer(blockId, layer);
      cipher.seal(part, part, key, seal, layer, tags[blockId], layer * BlockCipher.TAG_BYTES);
    }
  }

  /** Decrypts a block in place; where its seal is broken it is zeroed, and the answer is no. */
  boolean open(int blockId, BlockCipher cipher, BlockKey key, long seal) {
    for (int layer = 0; layer < layers; layer++) {
      if (!open(blockId, layer, cipher, key, seal, layer(blockId, layer))) {
        zero(blockId);
        return false;
      }
    }
    Arrays.fill(tags[blockId], (byte) 0);
    return true;
  }

  /** Decrypts a layer of a sealed block to another place. */
  boolean open(int blockId, int layer, BlockCipher cipher, BlockKey key, long seal, float[] to) {
    return open(blockId, layer, cipher, key, seal, MemorySegment.ofArray(to));
  }

  private boolean open(
      int blockId, int layer, BlockCipher cipher, BlockKey key, long seal, MemorySegment to) {
    int tag = layer * BlockCipher.TAG_BYTES;
    return cipher.open(layer(blockId, layer), to, key, seal, layer, tags[blockId], tag);
  }

  /** Copies a layer of an open block. */
  void copy(int blockId, int layer, float[] to) {
    System.arraycopy(blocks[blockId], layer * layerElements, to, 0, layerElements);
  }

  /** An open block's content, sealed: of each layer the cipher text, then the tags. */
  byte[] export(int blockId, BlockCipher cipher, BlockKey key, long seal) {
    int bytes = layerElements * Float.BYTES;
    byte[] exported = new byte[layers * (bytes + BlockCipher.TAG_BYTES)];
    MemorySegment to = MemorySegment.ofArray(exported);
    for (int layer = 0; layer < layers; layer++) {
      int tag = layers * bytes + layer * BlockCipher.TAG_BYTES;
      MemorySegment part = to.asSlice((long) layer * bytes, bytes);
      cipher.seal(layer(blockId, layer), part, key, seal, layer, exported, tag);
    }
    return exported;
  }

  /** A sealed block's content, in the same form. */
  byte[] exportSealed(int blockId) {
    int bytes = layerElements * Float.BYTES;
    byte[] exported = new byte[layers * (bytes + BlockCipher.TAG_BYTES)];
    MemorySegment.ofArray(exported)
        .asSlice(0, (long) layers * bytes)
        .copyFrom(MemorySegment.ofArray(blocks[blockId]));
    System.arraycopy(tags[blockId], 0, exported, layers * bytes, tags[blockId].length);
    return exported;
  }

  /**
   * Fills a block with what was exported; where that is not whole, with zeros: the answer is no.
   */
  boolean restore(int blockId, BlockCipher cipher, BlockKey key, long seal, byte[] exported) {
    int bytes = layerElements * Float.BYTES;
    MemorySegment from = MemorySegment.ofArray(exported);
    for (int layer = 0; layer < layers; layer++) {
      int tag = layers * bytes + layer * BlockCipher.TAG_BYTES;
      MemorySegment part = from.asSlice((long) layer * bytes, bytes);
      if (!cipher.open(part, layer(blockId, layer), key, seal, layer, exported, tag)) {
        zero(blockId);
        return false;
      }
    }
    return true;
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
