package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.BlockCipher;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.cpu.foreign.NativeBlockCipher;
import dev.cofferdam.worker.model.ModelConfig;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The paged KV pool: one array for each block, so that zeroing, scanning and copying a block touch
 * one piece of memory. A block is sealed part by part, a part being some of a layer's heads, so
 * that a step can open what it reads where and when it reads it. It holds [layer][part], and each
 * part its heads, each with its keys and then its values, and behind them room for the part's tag,
 * which is zero while the block is open.
 *
 * <p>In F32, keys are [element][token], and values [token][element]. In BF16, four bytes hold two
 * rows of that: the lower half the even row's number, the upper half the odd row's, so that both
 * widen to F32 without moving across vector lanes.
 */
final class KvPool {
  /** Bytes of a part from which on a longer one is hardly decrypted faster. */
  private static final int PART_BYTES_MIN = 8192;

  static final VarHandle FLOATS = view(float[].class);
  static final VarHandle INTS = view(int[].class);
  private static final VarHandle SHORTS = view(short[].class);

  /** The blocks by id. */
  final byte[][] blocks;

  final KvType type;
  final int blockTokens;
  final int headDimension;

  /** Key-value heads of a part. */
  final int headsOfPart;

  /** Parts of a layer. */
  final int parts;

  /** Bytes of a part, its tag left aside. */
  final int partBytes;

  /** Bytes of a head's keys in a block, and of its values. */
  final int headBytes;

  private final int kvHeads;
  private final int partsOfBlock;
  private final boolean nativeCipher;

  /**
   * Allocates the pool.
   *
   * @param nativeCipher whether parts are sealed by the native library, where it can
   */
  KvPool(ModelConfig model, KvType type, int blocks, int blockTokens, boolean nativeCipher) {
    this.type = type;
    this.nativeCipher = nativeCipher;
    this.blockTokens = blockTokens;
    kvHeads = model.kvHeads();
    headDimension = model.headDimension();
    headBytes = Math.multiplyExact(headDimension * blockTokens, type.bytes);
    headsOfPart = headsOfPart(kvHeads, 2L * headBytes);
    parts = kvHeads / headsOfPart;
    partBytes = Math.multiplyExact(headsOfPart, 2 * headBytes);
    partsOfBlock = Math.multiplyExact(model.layers(), parts);
    this.blocks =
        new byte[blocks][Math.multiplyExact(partsOfBlock, partBytes + BlockCipher.TAG_BYTES)];
  }

  private static VarHandle view(Class<?> array) {
    return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN)
        .withInvokeExactBehavior();
  }

  private static int headsOfPart(int kvHeads, long headBytes) {
    int heads = 1;
    while (heads < kvHeads && (kvHeads % heads != 0 || heads * headBytes < PART_BYTES_MIN)) {
      heads++;
    }
    return heads;
  }

  /** Number of a part in its block. */
  int index(int layer, int part) {
    return layer * parts + part;
  }

  /** Where a part begins in its block. */
  int at(int index) {
    return index * (partBytes + BlockCipher.TAG_BYTES);
  }

  /** Writes key and value of a token, given as all heads one after the other. */
  void write(int blockId, int slot, int layer, float[] source, int key, int value) {
    byte[] block = blocks[blockId];
    for (int head = 0; head < kvHeads; head++) {
      int keys = at(index(layer, head / headsOfPart)) + head % headsOfPart * 2 * headBytes;
      int offset = head * headDimension;
      if (type == KvType.F32) {
        writeF32(block, keys, slot, source, key + offset, value + offset);
      } else {
        writeBf16(block, keys, slot, source, key + offset, value + offset);
      }
    }
  }

  private void writeF32(byte[] block, int keys, int slot, float[] source, int key, int value) {
    int keyAt = keys + slot * Float.BYTES;
    int valueAt = keys + headBytes + slot * headDimension * Float.BYTES;
    for (int i = 0; i < headDimension; i++) {
      FLOATS.set(block, keyAt + i * blockTokens * Float.BYTES, source[key + i]);
      FLOATS.set(block, valueAt + i * Float.BYTES, source[value + i]);
    }
  }

  private void writeBf16(byte[] block, int keys, int slot, float[] source, int key, int value) {
    int keyAt = keys + slot * Integer.BYTES;
    for (int i = 0; i < headDimension; i += 2) {
      int pair = bf16(source[key + i]) | bf16(source[key + i + 1]) << Short.SIZE;
      INTS.set(block, keyAt + i / 2 * blockTokens * Integer.BYTES, pair);
    }
    int valueAt =
        keys + headBytes + slot / 2 * headDimension * Integer.BYTES + slot % 2 * Short.BYTES;
    for (int i = 0; i < headDimension; i++) {
      SHORTS.set(block, valueAt + i * Integer.BYTES, (short) bf16(source[value + i]));
    }
  }

  /** The nearest BF16, the even one of two; what is not a number stays none. */
  static int bf16(float number) {
    int bits = Float.floatToRawIntBits(number);
    return Float.isNaN(number) ? bits >>> 16 | 0x40 : bits + 0x7FFF + (bits >>> 16 & 1) >>> 16;
  }

  /** Fills a block with zeros. */
  void zero(int blockId) {
    Arrays.fill(blocks[blockId], (byte) 0);
  }

  /** A cipher for the parts of this pool's blocks. */
  BlockCipher cipher() {
    return nativeCipher && NativeBlockCipher.usable(partBytes)
        ? new NativeBlockCipher(partBytes)
        : new BlockCipher(partBytes);
  }

  /** Encrypts a block in place. */
  void seal(int blockId, BlockCipher cipher, BlockKey key, long seal) {
    seal(blockId, blocks[blockId], cipher, key, seal);
  }

  private void seal(int blockId, byte[] to, BlockCipher cipher, BlockKey key, long seal) {
    for (int index = 0; index < partsOfBlock; index++) {
      cipher.seal(blocks[blockId], at(index), to, at(index), key, seal, index);
    }
    cipher.forget();
  }

  /** Decrypts a block in place; where its seal is broken it is zeroed, and the answer is no. */
  boolean open(int blockId, BlockCipher cipher, BlockKey key, long seal) {
    return open(blocks[blockId], blockId, cipher, key, seal);
  }

  private boolean open(byte[] from, int blockId, BlockCipher cipher, BlockKey key, long seal) {
    boolean whole = openParts(from, blockId, cipher, key, seal);
    cipher.forget();
    return whole;
  }

  private boolean openParts(byte[] from, int blockId, BlockCipher cipher, BlockKey key, long seal) {
    byte[] block = blocks[blockId];
    for (int index = 0; index < partsOfBlock; index++) {
      int at = at(index);
      if (!cipher.open(from, at, block, at, key, seal, index)) {
        zero(blockId);
        return false;
      }
      Arrays.fill(block, at + partBytes, at(index + 1), (byte) 0);
    }
    return true;
  }

  /** An open block's content, sealed, in the layout of a block. */
  byte[] export(int blockId, BlockCipher cipher, BlockKey key, long seal) {
    byte[] exported = new byte[blocks[blockId].length];
    seal(blockId, exported, cipher, key, seal);
    return exported;
  }

  /** A sealed block's content, in the same form. */
  byte[] exportSealed(int blockId) {
    return blocks[blockId].clone();
  }

  /**
   * Fills a block with what was exported; where that is not whole, with zeros: the answer is no.
   */
  boolean restore(int blockId, BlockCipher cipher, BlockKey key, long seal, byte[] exported) {
    return open(exported, blockId, cipher, key, seal);
  }

  /** Bytes of a block that are not zero. */
  long residueBytes(int blockId) {
    long bytes = 0;
    for (byte value : blocks[blockId]) {
      bytes += value == 0 ? 0 : 1;
    }
    return bytes;
  }
}
