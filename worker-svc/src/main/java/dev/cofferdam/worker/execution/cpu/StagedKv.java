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
 * What one thread attends to next: keys and values of some heads and of a chunk of positions, in
 * F32, for the few microseconds in which they are used and in memory that stays in the processor's
 * cache. Where a block is sealed, its part is decrypted into here from the pool, and nowhere else.
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

  private final KvPool pool;
  private final BlockCipher cipher;
  private final byte[] plain;

  StagedKv(KvPool pool) {
    this.pool = pool;
    cipher = pool.cipher();
    plain = new byte[pool.partBytes];
    chunkTokens = pool.blockTokens * Math.max(1, CHUNK_TOKENS / pool.blockTokens);
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
   * Decrypts a part of a sealed block, and stages its heads.
   *
   * @param index of the part in the block
   * @param position of the block's first token in the chunk
   * @return whether its seal was whole; otherwise nothing of it is staged
   */
  boolean open(int block, int index, BlockKey key, long seal, int position) {
    if (!cipher.open(pool.blocks[block], pool.at(index), plain, 0, key, seal, index)) {
      return false;
    }
    for (int head = 0; head < pool.headsOfPart; head++) {
      stage(plain, head * 2 * pool.headBytes, head, position);
    }
    return true;
  }

  /** Stages a head of an open block's part as the {@code to}-th head. */
  void copy(int block, int index, int head, int to, int position) {
    stage(pool.blocks[block], pool.at(index) + head * 2 * pool.headBytes, to, position);
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
