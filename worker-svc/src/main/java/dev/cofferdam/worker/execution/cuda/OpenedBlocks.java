package dev.cofferdam.worker.execution.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.SealBrokenException;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.cuda.driver.Arguments;
import dev.cofferdam.worker.execution.cuda.driver.DeviceMemory;
import dev.cofferdam.worker.execution.cuda.driver.PinnedMemory;
import dev.cofferdam.worker.execution.cuda.driver.Stream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a step reads of sealed blocks, which stay sealed in the pool. Each of them, once however
 * many sequences read it, has a place beside the pool, as long as one layer of a block. Right
 * before a layer's attention, that layer of all of them is opened into their places; a broken one
 * becomes zeros. Places and keys are zeroed behind the step, whether it ended well or not.
 *
 * <p>There is a place for each block of the pool, the most that a step can read: the pool's bytes
 * divided by the layers.
 */
final class OpenedBlocks {
  private static final int THREADS = 256;
  private static final int BROKEN_AT = 4;
  private static final long KEYS_AT = 16;

  private final CudaDevice device;
  private final Stream stream;
  private final DeviceBlocks blocks;
  private final Arguments arguments = new Arguments(Arena.ofAuto());
  private final long jobsAt;

  /** The number of jobs, whether one is broken, the keys, the jobs. */
  private final DeviceMemory control;

  private final MemorySegment staged;
  private final DeviceMemory places;

  /** By block: the step in which it has a place, and which, and under which key and seal. */
  private final int[] stepOf;

  private final int[] placeOf;
  private final long[] sealOf;
  private final int[] keyOf;

  /** The step's keys. */
  private final @Nullable BlockKey[] keys;

  private int step;
  private int count;
  private int keyCount;

  /** Whether places and keys that were used are not zeroed yet. */
  private boolean dirty;

  OpenedBlocks(
      CudaDevice device,
      ExecutorGeometry geometry,
      ExecutorOptions options,
      DeviceBlocks blocks,
      Owned owned) {
    this.device = device;
    this.stream = device.stream();
    this.blocks = blocks;
    int most = options.sealedKv() ? geometry.blocks() : 0;
    int keysMax = options.sealedKv() ? options.sequencesMax() : 0;
    keys = new BlockKey[keysMax];
    stepOf = new int[most];
    placeOf = new int[most];
    sealOf = new long[most];
    keyOf = new int[most];
    jobsAt = KEYS_AT + (long) keysMax * SealJob.KEY_BYTES;
    long controlBytes = jobsAt + (long) most * SealJob.BYTES;
    control = owned.device(controlBytes);
    staged = owned.pinned(controlBytes).segment();
    staged.fill((byte) 0);
    places = owned.device(most * blocks.layerBytes());
    stream.zero(control.address(), control.bytes());
    if (most > 0) {
      stream.zero(places.address(), places.bytes());
    }
    stream.synchronize();
  }

  /**
   * Bytes of the places.
   *
   * @param layers of the model
   * @param blockBytes bytes of a block
   */
  static long bytes(ExecutorOptions options, int layers, long blockBytes) {
    return options.sealedKv() ? options.blocks() * (blockBytes / layers) : 0;
  }

  /**
   * Gives places to what a checked plan reads of sealed blocks.
   *
   * @throws SealBrokenException where a key is destroyed
   * @throws IllegalArgumentException where a plan names a block with two keys or seals
   */
  void fill(StepPlan plan, int blockTokens) {
    if (dirty) {
      forget(); // which failed before
    }
    step++;
    for (int s = 0; s < plan.sequences; s++) {
      int last = plan.positions[plan.rowStart[s + 1] - 1] / blockTokens;
      int key = -1;
      for (int i = plan.blockStart[s]; i <= plan.blockStart[s] + last; i++) {
        if (plan.seal[i] != 0) {
          key = key < 0 ? key(Objects.requireNonNull(plan.blockKey[s])) : key;
          give(plan.blockTable[i], plan.seal[i], key);
        }
      }
    }
    staged.set(JAVA_INT, 0, count);
    staged.set(JAVA_INT, BROKEN_AT, 0);
  }

  private int key(BlockKey key) {
    for (int i = 0; i < keyCount; i++) {
      if (keys[i] == key) {
        return i;
      }
    }
    if (key.isDestroyed()) {
      throw new SealBrokenException();
    }
    dirty = true;
    keys[keyCount] = key;
    SealJob.putKey(staged, keyAt(keyCount), key);
    return keyCount++;
  }

  private static long keyAt(int index) {
    return KEYS_AT + (long) index * SealJob.KEY_BYTES;
  }

  private void give(int block, long seal, int key) {
    if (stepOf[block] == step) {
      if (sealOf[block] != seal || keyOf[block] != key) {
        throw new IllegalArgumentException("step plan: blockKey: a block with two");
      }
      return;
    }
    stepOf[block] = step;
    placeOf[block] = count;
    sealOf[block] = seal;
    keyOf[block] = key;
    SealJob.put(
        staged,
        jobsAt + (long) count * SealJob.BYTES,
        blocks.block(block),
        places.at(count * blocks.layerBytes(), blocks.layerBytes()),
        blocks.tagsOf(block),
        seal,
        control.address() + keyAt(key));
    count++;
  }

  /** Blocks that the step opens. */
  int count() {
    return count;
  }

  /** Place of a sealed block that the step reads. */
  int place(int block) {
    return placeOf[block];
  }

  /** Where the places are. */
  long address() {
    return places.address();
  }

  /** Copies jobs and keys to the device. */
  void copyIn() {
    if (count > 0) {
      stream.copyIn(control.address(), staged, keyAt(keyCount));
      long bytes = (long) count * SealJob.BYTES;
      stream.copyIn(control.at(jobsAt, bytes), staged.asSlice(jobsAt, bytes), bytes);
    }
  }

  /**
   * Opens a layer of at most so many blocks.
   *
   * @param most a bound of {@link #count}, for whatever step this is captured; 0: there are none
   */
  void open(int layer, int most) {
    if (most == 0) {
      return;
    }
    int parts = Math.toIntExact(blocks.layerBytes() / blocks.partBytes());
    int pieces = (int) Math.min(Integer.MAX_VALUE, ((long) most * parts + 7) / 8);
    stream.launch(
        device.kernel("cf_open_layer", KernelShapes.SEAL_SHARED),
        Math.clamp(pieces, 1, 2 * device.device().multiprocessors()),
        1,
        1,
        THREADS,
        KernelShapes.SEAL_SHARED,
        arguments
            .clear()
            .address(control.address())
            .address(control.address() + jobsAt)
            .number(layer)
            .number(parts)
            .number(blocks.partBytes()));
    stream.launch(
        device.kernel("cf_open_layer_verdict"),
        most,
        1,
        1,
        THREADS,
        0,
        arguments
            .clear()
            .address(control.address())
            .address(control.address() + jobsAt)
            .number(blocks.layerBytes())
            .address(control.address() + BROKEN_AT));
  }

  /** Copies the verdict of the step back. */
  void copyOut() {
    if (count > 0) {
      stream.copyOut(staged, control.address(), KEYS_AT);
    }
  }

  /**
   * Says how the step, which is over, found the seals.
   *
   * @throws SealBrokenException where one was broken
   */
  void check() {
    int broken = staged.get(JAVA_INT, BROKEN_AT);
    staged.set(JAVA_INT, BROKEN_AT, 0);
    if (broken != 0) {
      throw new SealBrokenException();
    }
  }

  /** Waits for what is under way, and zeroes places and keys. A second try follows a failed one. */
  void forget() {
    if (!dirty) {
      return;
    }
    try {
      zero();
    } catch (RuntimeException e) {
      zero();
      throw e;
    }
  }

  private void zero() {
    if (count > 0) {
      stream.zero(places.address(), count * blocks.layerBytes());
    }
    stream.zero(control.at(0, keyAt(keyCount)), keyAt(keyCount));
    stream.synchronize();
    staged.asSlice(KEYS_AT, keyAt(keyCount) - KEYS_AT).fill((byte) 0);
    Arrays.fill(keys, 0, keyCount, null);
    keyCount = 0;
    count = 0;
    dirty = false;
  }

  /** Bytes of places and keys, on the device and on their way to it, that are not zero. Waits. */
  long residueBytes() {
    long residue = nonZero(staged.asSlice(KEYS_AT, jobsAt - KEYS_AT));
    try (PinnedMemory copied = new PinnedMemory(places.bytes() + jobsAt)) {
      stream.copyOut(copied.segment(), control.address(), jobsAt);
      MemorySegment rest = copied.segment().asSlice(jobsAt);
      if (places.bytes() > 0) {
        stream.copyOut(rest, places.address(), places.bytes());
      }
      stream.synchronize();
      return residue + nonZero(copied.segment());
    }
  }

  private static long nonZero(MemorySegment bytes) {
    long count = 0;
    for (long i = 0; i < bytes.byteSize(); i++) {
      count += bytes.get(JAVA_BYTE, i) == 0 ? 0 : 1;
    }
    return count;
  }
}
