package dev.cofferdam.worker.execution.cuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.BlockMemory;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.cuda.driver.Arguments;
import dev.cofferdam.worker.execution.cuda.driver.DeviceMemory;
import dev.cofferdam.worker.execution.cuda.driver.Stream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The KV pool in device memory. A block is contiguous: [layer][K, then V][KV head][token][element],
 * BF16. Sealing is AES-256 in counter mode with Poly1305, in parts of 8 KiB, tags beside the pool.
 *
 * <p>Zeroing and sealing are queued before the next step and done in its order; what has an answer
 * waits for it. A key is on the device only while a kernel uses it.
 */
final class DeviceBlocks implements BlockMemory {
  private static final int THREADS = 256;
  private static final int TAG_BYTES = 16;
  private static final int JOB_BYTES = 48;
  private static final int BROKEN_AT = 40;
  private static final int KEY_BYTES = AesKeySchedule.WORDS * Integer.BYTES;

  /** Pinned memory for lists and jobs that are queued. */
  private static final int CONTROL_BYTES = 1 << 18;

  private final CudaDevice device;
  private final Stream stream;
  private final Arguments arguments = new Arguments(Arena.ofAuto());
  private final long blockBytes;
  private final int parts;
  private final DeviceMemory pool;
  private final DeviceMemory tags;

  /** A block with its tags, on its way in or out. */
  private final DeviceMemory passing;

  private final MemorySegment passingStaged;
  private final MemorySegment staged;
  private final DeviceMemory control;
  private int controlUsed;

  DeviceBlocks(CudaDevice device, ExecutorGeometry geometry, Owned owned) {
    this.device = device;
    this.stream = device.stream();
    blockBytes = geometry.blockBytes();
    parts = Math.toIntExact((blockBytes + KernelShapes.SEAL_PART - 1) / KernelShapes.SEAL_PART);
    pool = owned.device(blockBytes * geometry.blocks());
    tags = owned.device((long) parts * TAG_BYTES * geometry.blocks());
    passing = owned.device(exportedBytes());
    passingStaged = owned.pinned(exportedBytes()).segment();
    staged = owned.pinned(CONTROL_BYTES).segment();
    control = owned.device(CONTROL_BYTES);
    zeroAll();
  }

  /** Zeroes the whole pool: at its beginning, and before its memory is given back. */
  void zeroAll() {
    stream.zero(pool.address(), pool.bytes());
    stream.zero(passing.address(), passing.bytes());
    stream.synchronize();
  }

  long address() {
    return pool.address();
  }

  /** Elements of a block. */
  long blockElements() {
    return blockBytes / Short.BYTES;
  }

  private long exportedBytes() {
    return blockBytes + (long) parts * TAG_BYTES;
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
    cipher("cf_seal", block(blockId), block(blockId), tagsOf(blockId), key, seal);
  }

  @Override
  public boolean openBlock(int blockId, BlockKey key, long seal) {
    int job = cipher("cf_open", block(blockId), block(blockId), tagsOf(blockId), key, seal);
    return verdict(blockId, job);
  }

  @Override
  public byte[] exportBlock(int blockId, BlockKey key, long seal) {
    cipher("cf_seal", block(blockId), passing.address(), passing.address() + blockBytes, key, seal);
    return passed(passing.address(), passing.address() + blockBytes);
  }

  @Override
  public byte[] exportSealed(int blockId) {
    return passed(block(blockId), tagsOf(blockId));
  }

  private byte[] passed(long content, long itsTags) {
    long tagBytes = (long) parts * TAG_BYTES;
    stream.copyOut(passingStaged, content, blockBytes);
    stream.copyOut(passingStaged.asSlice(blockBytes, tagBytes), itsTags, tagBytes);
    stream.synchronize();
    return passingStaged.toArray(JAVA_BYTE);
  }

  @Override
  public boolean importBlock(int blockId, BlockKey key, long seal, byte[] exported) {
    if (exported.length != exportedBytes()) {
      zeroBlocks(new int[] {blockId}, 1);
      return false;
    }
    MemorySegment.copy(exported, 0, passingStaged, JAVA_BYTE, 0, exported.length);
    stream.copyIn(passing.address(), passingStaged, exported.length);
    int job =
        cipher(
            "cf_open",
            passing.address(),
            block(blockId),
            passing.address() + blockBytes,
            key,
            seal);
    return verdict(blockId, job);
  }

  private long block(int blockId) {
    return pool.at(blockId * blockBytes, blockBytes);
  }

  private long tagsOf(int blockId) {
    long bytes = (long) parts * TAG_BYTES;
    return tags.at(blockId * bytes, bytes);
  }

  /** Queues a job; returns where its verdict will be. */
  private int cipher(String kernel, long from, long to, long itsTags, BlockKey key, long seal) {
    int at = reserve(JOB_BYTES + KEY_BYTES);
    int keyAt = at + JOB_BYTES;
    staged.set(JAVA_LONG, at, from);
    staged.set(JAVA_LONG, at + 8L, to);
    staged.set(JAVA_LONG, at + 16L, itsTags);
    staged.set(JAVA_LONG, at + 24L, seal);
    staged.set(JAVA_LONG, at + 32L, control.address() + keyAt);
    staged.set(JAVA_LONG, at + (long) BROKEN_AT, 0);
    writeKey(key, keyAt);
    copyControl(at, JOB_BYTES + KEY_BYTES);
    stream.launch(
        device.kernel(kernel, KernelShapes.SEAL_SHARED),
        Math.clamp(KernelShapes.ceil(parts, 8), 1, 2 * device.device().multiprocessors()),
        1,
        1,
        THREADS,
        KernelShapes.SEAL_SHARED,
        arguments.clear().address(control.address() + at).number(1).number(blockBytes));
    stream.zero(control.at(keyAt, KEY_BYTES), KEY_BYTES);
    return at;
  }

  private void writeKey(BlockKey key, int at) {
    byte[] encoded = key.getEncoded();
    int[] words = AesKeySchedule.expand(encoded);
    Arrays.fill(encoded, (byte) 0);
    MemorySegment.copy(words, 0, staged, JAVA_INT, at, words.length);
    AesKeySchedule.wipe(words);
  }

  private boolean verdict(int blockId, int job) {
    stream.launch(
        device.kernel("cf_open_verdict"),
        pieces(),
        1,
        1,
        THREADS,
        0,
        arguments.clear().address(control.address() + job).number(1).number(blockBytes));
    readControl(job + BROKEN_AT, Integer.BYTES);
    boolean whole = staged.get(JAVA_INT, job + (long) BROKEN_AT) == 0;
    staged.asSlice(0, CONTROL_BYTES).fill((byte) 0); // expanded keys
    controlUsed = 0;
    if (whole) {
      long bytes = (long) parts * TAG_BYTES;
      stream.zero(tagsOf(blockId), bytes);
    }
    return whole;
  }
}
