package dev.cofferdam.worker.execution.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.BlockMemory;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.cuda.driver.Arguments;
import dev.cofferdam.worker.execution.cuda.driver.CudaException;
import dev.cofferdam.worker.execution.cuda.driver.DeviceMemory;
import dev.cofferdam.worker.execution.cuda.driver.Stream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The KV pool in device memory. A block is contiguous: [layer][K, then V][KV head][token][element],
 * BF16 or, in FP8, followed by the head's scales, one for each token. Sealing is AES-256 in counter
 * mode with Poly1305, in parts of up to 8 KiB of one layer, tags beside the pool.
 *
 * <p>Zeroing is queued before the next step and done in its order; seals are collected and done
 * together; what has an answer waits for it. A key is on the device only while a kernel uses it.
 */
final class DeviceBlocks implements BlockMemory {
  private static final int THREADS = 256;
  private static final int JOBS_MAX = 512;
  private static final long KEYS_AT = (long) JOBS_MAX * SealJob.BYTES;

  /** Pinned memory for lists. */
  private static final int CONTROL_BYTES = 1 << 18;

  private final CudaDevice device;
  private final Stream stream;
  private final Arguments arguments = new Arguments(Arena.ofAuto());
  private final KvType type;
  private final long blockBytes;
  private final long layerBytes;
  private final int partBytes;
  private final int parts;
  private final DeviceMemory pool;
  private final DeviceMemory tags;

  /** A block with its tags, on its way in or out. */
  private final DeviceMemory passing;

  private final MemorySegment passingStaged;
  private final MemorySegment staged;
  private final DeviceMemory control;
  private int controlUsed;

  /** Descriptions of jobs, and behind them their expanded keys. */
  private final MemorySegment stagedJobs;

  private final DeviceMemory deviceJobs;
  private int jobs;

  /** By job: the block whose content it changes; -1: none. */
  private final int[] changes = new int[JOBS_MAX];

  DeviceBlocks(CudaDevice device, ExecutorGeometry geometry, int layers, KvType type, Owned owned) {
    this.device = device;
    this.type = type;
    this.stream = device.stream();
    blockBytes = geometry.blockBytes();
    layerBytes = blockBytes / layers;
    partBytes = KernelShapes.sealPart(layerBytes);
    parts = Math.toIntExact(blockBytes / partBytes);
    pool = owned.device(blockBytes * geometry.blocks());
    tags = owned.device(tagBytes() * geometry.blocks());
    passing = owned.device(exportedBytes());
    passingStaged = owned.pinned(exportedBytes()).segment();
    staged = owned.pinned(CONTROL_BYTES).segment();
    control = owned.device(CONTROL_BYTES);
    long jobBytes = KEYS_AT + (long) JOBS_MAX * SealJob.KEY_BYTES;
    stagedJobs = owned.pinned(jobBytes).segment();
    deviceJobs = owned.device(jobBytes);
    zeroAll();
  }

  /** Zeroes the whole pool: at its beginning, and before its memory is given back. */
  void zeroAll() {
    stream.zero(pool.address(), pool.bytes());
    stream.zero(tags.address(), tags.bytes());
    stream.zero(passing.address(), passing.bytes());
    stream.synchronize();
  }

  long address() {
    return pool.address();
  }

  /** From one block to the next: elements in BF16, bytes in FP8. */
  long blockElements() {
    return blockBytes / type.bytes;
  }

  /** Bytes of a layer of a block. */
  long layerBytes() {
    return layerBytes;
  }

  /** Bytes of a part of a sealed block. */
  int partBytes() {
    return partBytes;
  }

  /** Where a block begins. */
  long block(int blockId) {
    return pool.at(blockId * blockBytes, blockBytes);
  }

  /** Where the tags of a block begin. */
  long tagsOf(int blockId) {
    return tags.at(blockId * tagBytes(), tagBytes());
  }

  private long tagBytes() {
    return (long) parts * SealJob.TAG_BYTES;
  }

  private long exportedBytes() {
    return blockBytes + tagBytes();
  }

  /** A place for so many bytes in the control memory, the same on both sides. */
  private int reserve(int bytes) {
    if (controlUsed + bytes > CONTROL_BYTES) {
      stream.synchronize();
      controlUsed = 0;
    }
    int at = controlUsed;
    controlUsed += (bytes + 15) / 16 * 16;
    return at;
  }

  private void copyControl(int at, int bytes) {
    stream.copyIn(control.at(at, bytes), staged.asSlice(at, bytes), bytes);
  }

  @Override
  public void zeroBlocks(int[] blockIds, int count) {
    int most = CONTROL_BYTES / 4 / Integer.BYTES;
    for (int done = 0; done < count; done += most) {
      int blocks = Math.min(most, count - done);
      int at = list(blockIds, done, blocks);
      stream.launch(
          device.kernel("cf_zero_blocks"),
          pieces(),
          blocks,
          1,
          THREADS,
          0,
          arguments
              .clear()
              .address(pool.address())
              .number(blockBytes)
              .address(control.address() + at)
              .number(blocks));
    }
  }

  private int pieces() {
    return Math.toIntExact((blockBytes + KernelShapes.BLOCK_PIECE - 1) / KernelShapes.BLOCK_PIECE);
  }

  private int list(int[] blockIds, int from, int blocks) {
    int bytes = blocks * Integer.BYTES;
    int at = reserve(bytes);
    MemorySegment.copy(blockIds, from, staged, JAVA_INT, at, blocks);
    copyControl(at, bytes);
    return at;
  }

  /** Bytes of a block that are not zero. Waits. */
  long residueBytes(int blockId) {
    int at = list(new int[] {blockId}, 0, 1);
    int count = reserve(Long.BYTES);
    staged.set(JAVA_LONG, count, 0);
    copyControl(count, Long.BYTES);
    stream.launch(
        device.kernel("cf_residue"),
        pieces(),
        1,
        1,
        THREADS,
        0,
        arguments
            .clear()
            .address(pool.address())
            .number(blockBytes)
            .address(control.address() + at)
            .number(1)
            .address(control.address() + count));
    readControl(count, Long.BYTES);
    return staged.get(JAVA_LONG, count);
  }

  private void readControl(int at, int bytes) {
    stream.copyOut(staged.asSlice(at, bytes), control.at(at, bytes), bytes);
    stream.synchronize();
  }

  @Override
  public void sealBlock(int blockId, BlockKey key, long seal) {
    if (jobs == JOBS_MAX) {
      endSealing();
    }
    put(blockId, block(blockId), block(blockId), tagsOf(blockId), key, seal);
  }

  @Override
  public void endSealing() {
    if (jobs > 0) {
      try {
        run("cf_seal");
        stream.synchronize();
      } catch (CudaException e) {
        throw givenUp(e);
      }
      forgetJobs();
    }
  }

  @Override
  public boolean openBlock(int blockId, BlockKey key, long seal) {
    endSealing();
    put(blockId, block(blockId), block(blockId), tagsOf(blockId), key, seal);
    return open(blockId);
  }

  @Override
  public byte[] exportBlock(int blockId, BlockKey key, long seal) {
    endSealing();
    long itsTags = passing.address() + blockBytes;
    put(-1, block(blockId), passing.address(), itsTags, key, seal);
    endSealing();
    return passed(passing.address(), itsTags);
  }

  @Override
  public byte[] exportSealed(int blockId) {
    endSealing();
    return passed(block(blockId), tagsOf(blockId));
  }

  private byte[] passed(long content, long itsTags) {
    stream.copyOut(passingStaged, content, blockBytes);
    stream.copyOut(passingStaged.asSlice(blockBytes, tagBytes()), itsTags, tagBytes());
    stream.synchronize();
    return passingStaged.toArray(JAVA_BYTE);
  }

  @Override
  public boolean importBlock(int blockId, BlockKey key, long seal, byte[] exported) {
    if (exported.length != exportedBytes()) {
      zeroBlocks(new int[] {blockId}, 1);
      return false;
    }
    endSealing();
    MemorySegment.copy(exported, 0, passingStaged, JAVA_BYTE, 0, exported.length);
    stream.copyIn(passing.address(), passingStaged, exported.length);
    put(blockId, passing.address(), block(blockId), passing.address() + blockBytes, key, seal);
    return open(blockId);
  }

  /**
   * Adds a job.
   *
   * @param changed block whose content it changes; -1: none
   */
  private void put(int changed, long from, long to, long itsTags, BlockKey key, long seal) {
    changes[jobs] = changed;
    long keyAt = KEYS_AT + (long) jobs * SealJob.KEY_BYTES;
    long job = (long) jobs * SealJob.BYTES;
    SealJob.put(stagedJobs, job, from, to, itsTags, seal, deviceJobs.address() + keyAt);
    SealJob.putKey(stagedJobs, keyAt, key);
    jobs++;
  }

  /** Runs all jobs; the keys are gone from the device behind them. */
  private void run(String kernel) {
    long keyBytes = (long) jobs * SealJob.KEY_BYTES;
    stream.copyIn(deviceJobs.address(), stagedJobs, (long) jobs * SealJob.BYTES);
    stream.copyIn(
        deviceJobs.at(KEYS_AT, keyBytes), stagedJobs.asSlice(KEYS_AT, keyBytes), keyBytes);
    stream.launch(
        device.kernel(kernel, KernelShapes.SEAL_SHARED),
        Math.clamp(KernelShapes.ceil(jobs * parts, 8), 1, 2 * device.device().multiprocessors()),
        1,
        1,
        THREADS,
        KernelShapes.SEAL_SHARED,
        arguments
            .clear()
            .address(deviceJobs.address())
            .number(jobs)
            .number(parts)
            .number(partBytes));
    stream.zero(deviceJobs.at(KEYS_AT, keyBytes), keyBytes);
  }

  private void forgetJobs() {
    stagedJobs.fill((byte) 0);
    jobs = 0;
  }

  /**
   * Whether the jobs were done is not known, and to do them twice would open what they sealed:
   * their blocks lose what they hold, which nothing opens then.
   */
  private CudaException givenUp(CudaException failure) {
    int[] unknown = Arrays.stream(changes, 0, jobs).filter(block -> block >= 0).toArray();
    forgetJobs();
    try {
      stream.zero(deviceJobs.address(), deviceJobs.bytes());
      zeroBlocks(unknown, unknown.length);
      stream.synchronize();
    } catch (CudaException again) {
      failure.addSuppressed(again);
    }
    return failure;
  }

  /** Runs the one job that opens a block. */
  private boolean open(int blockId) {
    try {
      return opened(blockId);
    } catch (CudaException e) {
      throw givenUp(e);
    }
  }

  private boolean opened(int blockId) {
    run("cf_open");
    stream.launch(
        device.kernel("cf_open_verdict"),
        pieces(),
        1,
        1,
        THREADS,
        0,
        arguments.clear().address(deviceJobs.address()).number(1).number(blockBytes));
    stream.copyOut(stagedJobs, deviceJobs.address(), SealJob.BYTES);
    stream.synchronize();
    boolean whole = stagedJobs.get(JAVA_INT, SealJob.BROKEN_AT) == 0;
    stream.zero(tagsOf(blockId), tagBytes());
    forgetJobs();
    return whole;
  }
}
