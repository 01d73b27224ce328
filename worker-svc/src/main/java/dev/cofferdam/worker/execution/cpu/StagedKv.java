package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.BlockCipher;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.KvType;
import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What one thread attends to next: keys and values of some heads and of a chunk of positions, for
 * the few microseconds in which they are used and in memory that stays in the processor's cache.
 * Where a block is sealed, its part is decrypted into here from the pool, and nowhere else. Where
 * many queries use them, they are staged in F32.
 */
final class StagedKv {
  /** Positions of a chunk, where blocks are not longer. */
  private static final int CHUNK_TOKENS = 64;

  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final int HIGH = 0xFFFF0000;

  /** Positions of a chunk: whole blocks. */
  final int chunkTokens;

  /** Elements from one row of keys to the next. */
  final int keyStride;

  /** Elements from one position's values to the next. */
  final int valueStride;

  /** By head: [element][position]. */
  final float[] keys;

  /** By head: [position][element]; the elements behind a head's last are zero. */
  final float[] values;

  /** By block of the chunk: where its part lies. */
  final byte[][] blocks;

  /** By block of the chunk: where its part begins there. */
  final int[] at;

  private final KvPool pool;
  private final BlockCipher cipher;
  private final byte[] plain;

  StagedKv(KvPool pool) {
    this.pool = pool;
    cipher = pool.cipher();
    int chunkBlocks = Math.max(1, CHUNK_TOKENS / pool.blockTokens);
    chunkTokens = pool.blockTokens * chunkBlocks;
    plain = new byte[chunkBlocks * pool.partBytes];
    blocks = new byte[chunkBlocks][];
    Arrays.fill(blocks, plain);
    at = new int[chunkBlocks];
    keyStride = RowMath.padded(chunkTokens);
    valueStride = RowMath.padded(pool.headDimension);
    keys = new float[pool.headsOfPart * pool.headDimension * keyStride];
    values = new float[pool.headsOfPart * keyStride * valueStride];
  }

  /** Where a head's keys begin. */
  int keysOf(int head) {
    return head * pool.headDimension * keyStride;
  }

  /** Where a head's values begin. */
  int valuesOf(int head) {
    return head * keyStride * valueStride;
  }

  /**
   * Decrypts a part of a sealed block, as the {@code i}-th of the chunk.
   *
   * @param index of the part in the block
   * @param next the block whose part comes next
   * @return whether its seal was whole
   */
  boolean open(int i, int block, int index, BlockKey key, long seal, int next) {
    blocks[i] = plain;
    at[i] = i * pool.partBytes;
    int from = pool.at(index);
    return cipher.open(
        pool.blocks[block], from, plain, at[i], key, seal, index, pool.blocks[next], from);
  }

  /** Takes a part of an open block, where it lies, as the {@code i}-th of the chunk. */
  void take(int i, int block, int index) {
    blocks[i] = pool.blocks[block];
    at[i] = pool.at(index);
  }

  /** The chunk has no such blocks: what reads all of its places finds nothing of anybody there. */
  void leaveOut(int from) {
    Arrays.fill(blocks, from, blocks.length, plain);
    Arrays.fill(at, from, at.length, 0);
  }

  /** Where a head of a part begins in it. */
  int headAt(int headOfPart) {
    return headOfPart * 2 * pool.headBytes;
  }

  /** Stages a head of the first {@code count} parts as the {@code to}-th head. */
  void stage(int count, int headOfPart, int to) {
    for (int i = 0; i < count; i++) {
      stage(blocks[i], at[i] + headAt(headOfPart), to, i * pool.blockTokens);
    }
  }

  private void stage(byte[] from, int at, int head, int position) {
    int width = pool.headDimension;
    int tokens = pool.blockTokens;
    int keysTo = keysOf(head) + position;
    int valuesTo = valuesOf(head) + position * valueStride;
    if (pool.type == KvType.F32) {
      copyRows(from, at, width, tokens, keys, keysTo, keyStride);
      copyRows(from, at + pool.headBytes, tokens, width, values, valuesTo, valueStride);
    } else {
      widenPairs(from, at, width / 2, tokens, keys, keysTo, keyStride);
      widenPairs(from, at + pool.headBytes, tokens / 2, width, values, valuesTo, valueStride);
    }
  }

  private static void copyRows(
      byte[] from, int at, int rows, int width, float[] to, int toAt, int stride) {
    for (int row = 0; row < rows; row++, toAt += stride) {
      int i = 0;
      for (; i + LANES <= width; i += LANES, at += LANES * Float.BYTES) {
        ByteVector.fromArray(BYTES, from, at).reinterpretAsFloats().intoArray(to, toAt + i);
      }
      for (; i < width; i++, at += Float.BYTES) {
        to[toAt + i] = (float) KvPool.FLOATS.get(from, at);
      }
    }
  }

  /** Each row of pairs becomes two rows. */
  private static void widenPairs(
      byte[] from, int at, int rows, int width, float[] to, int toAt, int stride) {
    for (int row = 0; row < rows; row++, toAt += 2 * stride) {
      int i = 0;
      for (; i + LANES <= width; i += LANES, at += LANES * Integer.BYTES) {
        IntVector pairs = ByteVector.fromArray(BYTES, from, at).reinterpretAsInts();
        pairs
            .lanewise(VectorOperators.LSHL, Short.SIZE)
            .reinterpretAsFloats()
            .intoArray(to, toAt + i);
        pairs.and(HIGH).reinterpretAsFloats().intoArray(to, toAt + stride + i);
      }
      for (; i < width; i++, at += Integer.BYTES) {
        int pair = (int) KvPool.INTS.get(from, at);
        to[toAt + i] = Float.intBitsToFloat(pair << Short.SIZE);
        to[toAt + stride + i] = Float.intBitsToFloat(pair & HIGH);
      }
    }
  }

  /** Forgets what was staged. */
  void wipe() {
    Arrays.fill(plain, (byte) 0);
    Arrays.fill(keys, 0);
    Arrays.fill(values, 0);
    cipher.forget();
  }

  /** Elements and bytes that are not zero; none between steps. */
  long residue() {
    long residue = 0;
    for (byte value : plain) {
      residue += value == 0 ? 0 : 1;
    }
    for (float[] staged : new float[][] {keys, values}) {
      for (float value : staged) {
        residue += Float.floatToRawIntBits(value) == 0 ? 0 : 1;
      }
    }
    return residue;
  }
}
