package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.BlockCipher;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.SealBrokenException;
import dev.cofferdam.worker.execution.StepPlan;
import java.util.Arrays;

/**
 * What a step reads of sealed blocks: one layer at a time, decrypted beside the pool by all
 * threads, and gone at the end of the step. The sequences' open blocks, those that they write, are
 * copied, so that attention finds all of a sequence's blocks in one place.
 */
final class OpenedLayer {
  /** By block id: keys and values of the layer, in the layout of {@link KvPool}. */
  final float[][] blocks;

  private final KvPool pool;
  private final Team team;
  private final BlockCipher[] ciphers;
  private final int[] listed;
  private final long[] seals;
  private final BlockKey[] keys;
  private final int[] listedInStep;
  private final Team.Job job = this::open;
  private int step;
  private int count;
  private int layer;
  private volatile boolean broken;

  OpenedLayer(KvPool pool, Team team) {
    this.pool = pool;
    this.team = team;
    int all = pool.blocks.length;
    blocks = new float[all][];
    listed = new int[all];
    seals = new long[all];
    keys = new BlockKey[all];
    listedInStep = new int[all];
    ciphers = new BlockCipher[team.size()];
    Arrays.setAll(ciphers, i -> pool.cipher());
  }

  /** Lists the blocks that the step's sequences with a key read. */
  void begin(StepPlan plan, int blockTokens) {
    step++;
    for (int s = 0; s < plan.sequences; s++) {
      BlockKey key = plan.blockKey[s];
      if (key != null) {
        int last = plan.positions[plan.rowStart[s + 1] - 1] / blockTokens;
        for (int i = plan.blockStart[s]; i <= plan.blockStart[s] + last; i++) {
          list(plan.blockTable[i], key, plan.seal[i]);
        }
      }
    }
  }

  private void list(int block, BlockKey key, long seal) {
    if (listedInStep[block] != step) {
      listedInStep[block] = step;
      if (blocks[block] == null) {
        blocks[block] = new float[pool.layerElements()];
      }
      listed[count] = block;
      keys[count] = key;
      seals[count++] = seal;
    }
  }

  /**
   * Opens a layer, whose new keys and values are in the pool.
   *
   * @throws SealBrokenException when a block is not what was sealed
   */
  void read(int layerToRead) {
    if (count > 0) {
      layer = layerToRead;
      broken = false;
      team.run(job, count);
      if (broken) {
        throw new SealBrokenException();
      }
    }
  }

  private void open(int i, int worker) {
    int block = listed[i];
    if (seals[i] == 0) {
      pool.copy(block, layer, blocks[block]);
    } else if (!pool.open(block, layer, ciphers[worker], keys[i], seals[i], blocks[block])) {
      broken = true;
    }
  }

  /** Forgets what was opened. */
  void end() {
    for (int i = 0; i < count; i++) {
      Arrays.fill(blocks[listed[i]], 0f);
      keys[i] = null;
    }
    if (count > 0) {
      for (BlockCipher cipher : ciphers) {
        cipher.wipe();
      }
    }
    count = 0;
  }

  /** Elements that are not zero; none between steps. */
  long residue() {
    long elements = 0;
    for (float[] block : blocks) {
      for (int i = 0; block != null && i < block.length; i++) {
        elements += Float.floatToRawIntBits(block[i]) == 0 ? 0 : 1;
      }
    }
    return elements;
  }
}
