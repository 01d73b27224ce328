package dev.cofferdam.worker.execution.cpu.foreign;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cofferdam.worker.execution.BlockCipher;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.cpu.foreign.NativeKernels.Library;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The same cipher by the native library: the same bits, no setting up for each part, nothing
 * allocated, and memory asked for the next part while one is opened. It keeps the schedule of the
 * key that it last used until {@link #forget}.
 */
public final class NativeBlockCipher extends BlockCipher {
  private static final int BLOCK_BYTES = 16;
  private static final int KEY_BYTES = 752;

  private static final class Functions {
    private static final SymbolLookup SYMBOLS = Objects.requireNonNull(Library.SYMBOLS);
    static final MethodHandle KEY =
        NativeKernels.downcall(SYMBOLS, "gcm_key", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS));
    static final MethodHandle SEAL =
        NativeKernels.downcall(
            SYMBOLS,
            "gcm_seal",
            FunctionDescriptor.ofVoid(
                ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
    static final MethodHandle OPEN =
        NativeKernels.downcall(
            SYMBOLS,
            "gcm_open",
            FunctionDescriptor.of(
                JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT,
                ADDRESS, JAVA_INT, JAVA_INT));
  }

  private final int partBytes;
  private final MemorySegment expanded = Arena.ofAuto().allocate(KEY_BYTES, 64);
  private @Nullable BlockKey expandedKey;

  /**
   * Makes a cipher.
   *
   * @param partBytes bytes of each part, for which it is {@link #usable}
   */
  public NativeBlockCipher(int partBytes) {
    super(partBytes);
    this.partBytes = partBytes;
  }

  /** Whether this process has it, for parts of so many bytes. */
  public static boolean usable(int partBytes) {
    return partBytes % BLOCK_BYTES == 0 && (Library.FEATURES & NativeKernel.Feature.VAES.bit) != 0;
  }

  @Override
  public void seal(
      byte[] from, int fromAt, byte[] to, int toAt, BlockKey key, long seal, int index) {
    Objects.checkFromIndexSize(fromAt, partBytes, from.length);
    Objects.checkFromIndexSize(toAt, partBytes + TAG_BYTES, to.length);
    expand(key);
    try {
      Functions.SEAL.invokeExact(
          expanded,
          seal,
          index,
          MemorySegment.ofArray(from),
          fromAt,
          MemorySegment.ofArray(to),
          toAt,
          partBytes);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public boolean open(
      byte[] from,
      int fromAt,
      byte[] to,
      int toAt,
      BlockKey key,
      long seal,
      int index,
      byte[] next,
      int nextAt) {
    if (key.isDestroyed()) {
      return false;
    }
    Objects.checkFromIndexSize(fromAt, partBytes + TAG_BYTES, from.length);
    Objects.checkFromIndexSize(toAt, partBytes, to.length);
    Objects.checkFromIndexSize(nextAt, partBytes, next.length);
    expand(key);
    try {
      return (int)
              Functions.OPEN.invokeExact(
                  expanded,
                  seal,
                  index,
                  MemorySegment.ofArray(from),
                  fromAt,
                  MemorySegment.ofArray(to),
                  toAt,
                  MemorySegment.ofArray(next),
                  nextAt,
                  partBytes)
          != 0;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private void expand(BlockKey key) {
    if (expandedKey == key && !key.isDestroyed()) {
      return;
    }
    byte[] bytes = key.getEncoded();
    try {
      Functions.KEY.invokeExact(MemorySegment.ofArray(bytes), expanded);
      expandedKey = key;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  @Override
  public void forget() {
    expandedKey = null;
    expanded.fill((byte) 0);
  }
}
