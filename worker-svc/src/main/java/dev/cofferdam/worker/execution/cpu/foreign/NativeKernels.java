package dev.cofferdam.worker.execution.cpu.foreign;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.cofferdam.worker.execution.WeightType;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The native kernel library: built from {@code src/main/native} where there is a C compiler, packed
 * as a resource, loaded from a private folder. Calls take arrays where they lie in the heap, and
 * hold up a collection of garbage while they run, a few milliseconds at most.
 */
public final class NativeKernels {
  /** What came of loading the library. */
  public sealed interface Loading {
    /** It is loaded. */
    record Loaded() implements Loading {}

    /**
     * It cannot be.
     *
     * @param why for the operator
     */
    record Missing(String why) implements Loading {}
  }

  private static final String RESOURCE = "libcofferdam-kernels.so";
  private static final int INPUTS_MAX = 1 << 28;

  /** The library; loaded by the first use. */
  static final class Library {
    static final Loading LOADING;
    static final @Nullable SymbolLookup SYMBOLS;
    static final int FEATURES;

    static {
      Loading loading = new Loading.Loaded();
      SymbolLookup symbols = null;
      int features = 0;
      try {
        symbols = lookup();
        features =
            (int) downcall(symbols, "features", FunctionDescriptor.of(JAVA_INT)).invokeExact();
      } catch (Throwable e) {
        loading = new Loading.Missing(String.valueOf(e.getMessage()));
      }
      LOADING = loading;
      SYMBOLS = symbols;
      FEATURES = features;
    }
  }

  /** Its functions; constants, so that the JIT makes plain calls of them. */
  private static final class Functions {
    private static final SymbolLookup SYMBOLS = Objects.requireNonNull(Library.SYMBOLS);
    static final MethodHandle PACK =
        downcall(
            SYMBOLS,
            "pack",
            FunctionDescriptor.ofVoid(
                JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT));
    static final MethodHandle MULTIPLY =
        downcall(
            SYMBOLS,
            "multiply",
            FunctionDescriptor.ofVoid(
                JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT,
                JAVA_INT, JAVA_INT, JAVA_INT));
  }

  private NativeKernels() {}

  /** Loads the library, once for the process. */
  public static Loading load() {
    return Library.LOADING;
  }

  /**
   * The kernels that this process can use, the fastest first.
   *
   * @param panel outputs of a panel
   */
  public static List<NativeKernel> usable(WeightType weights, int panel) {
    return Arrays.stream(NativeKernel.values())
        .filter(k -> k.weights == weights && k.reads(panel))
        .filter(k -> (Library.FEATURES & k.feature.bit) != 0)
        .toList();
  }

  /** What a processor needs for any of the kernels for such weights. */
  public static String needs(WeightType weights, int panel) {
    return Arrays.stream(NativeKernel.values())
        .filter(k -> k.weights == weights && k.reads(panel))
        .map(k -> k.feature.title)
        .reduce((a, b) -> a + " or " + b)
        .orElse("wider vectors");
  }

  /**
   * Packs rows of an input for {@link #multiply}.
   *
   * @param kernel one that {@link NativeKernel#packs}
   * @param packed of at least {@link NativeKernel#packedBytes}, aligned to 64 bytes
   * @param fromRow a multiple of {@link NativeKernel#largestTile}
   */
  public static void pack(
      NativeKernel kernel,
      float[] x,
      int x0,
      int xStride,
      MemorySegment packed,
      int inputs,
      int fromRow,
      int toRow) {
    check(kernel.packs() && inputs >= 1 && inputs <= INPUTS_MAX && xStride >= inputs, "inputs");
    check(fromRow >= 0 && fromRow < toRow, "rows");
    check(x0 >= 0 && x0 + (toRow - 1L) * xStride + inputs <= x.length, "the input's size");
    check(aligned(packed), "the packed input's place");
    check(kernel.packedBytes(toRow, inputs) <= packed.byteSize(), "the packed input's size");
    try {
      Functions.PACK.invokeExact(
          kernel.ordinal(), MemorySegment.ofArray(x), x0, xStride, packed, inputs, fromRow, toRow);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Computes {@code y[row · yStride + output]} for all rows and the panels from {@code fromPanel}
   * to before {@code toPanel}.
   *
   * @param x the packed rows
   * @param weights all panels
   * @param scales of each output, empty where the weights have none
   * @param inputs filled up to a multiple of 4
   */
  public static void multiply(
      NativeKernel kernel,
      MemorySegment x,
      MemorySegment weights,
      MemorySegment scales,
      float[] y,
      int rows,
      int inputs,
      int panel,
      int fromPanel,
      int toPanel,
      int yStride) {
    long outputs = (long) toPanel * panel;
    check(kernel.reads(panel) && fromPanel >= 0 && fromPanel < toPanel, "panels");
    check(rows >= 1 && inputs >= 4 && inputs % 4 == 0 && inputs <= INPUTS_MAX, "rows and inputs");
    check(!kernel.packs() || aligned(x), "the packed input's place");
    check(kernel.packedBytes(rows, inputs) <= x.byteSize(), "the packed input's size");
    check(outputs * inputs * kernel.weightBytes() <= weights.byteSize(), "the weights' size");
    check(
        kernel.weights != WeightType.INT8
            || outputs * Float.BYTES <= scales.byteSize() && inputs <= NativeKernel.INT8_INPUTS_MAX,
        "the scales' size");
    check(outputs <= yStride && (rows - 1L) * yStride + outputs <= y.length, "the output's size");
    try {
      Functions.MULTIPLY.invokeExact(
          kernel.ordinal(),
          x,
          weights,
          scales,
          MemorySegment.ofArray(y),
          rows,
          inputs,
          panel,
          fromPanel,
          toPanel,
          yStride);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean aligned(MemorySegment segment) {
    return segment.isNative() && (segment.address() & 63) == 0;
  }

  private static void check(boolean condition, String what) {
    if (!condition) {
      throw new IllegalArgumentException("native kernels: " + what);
    }
  }

  static MethodHandle downcall(SymbolLookup symbols, String name, FunctionDescriptor descriptor) {
    return Linker.nativeLinker()
        .downcallHandle(
            symbols.findOrThrow("cofferdam_kernels_" + name),
            descriptor,
            Linker.Option.critical(true));
  }

  /** Loads the library from a copy that is gone again when this returns. */
  private static SymbolLookup lookup() throws IOException {
    try (InputStream library = NativeKernels.class.getResourceAsStream(RESOURCE)) {
      if (library == null) {
        throw new IOException("the library was not built: no C compiler was there");
      }
      Path folder = Files.createTempDirectory("cofferdam-kernels"); // 0700
      Path copy = folder.resolve(RESOURCE);
      try {
        Files.copy(library, copy);
        return SymbolLookup.libraryLookup(copy, Arena.global());
      } finally {
        Files.deleteIfExists(copy);
        Files.delete(folder);
      }
    }
  }
}
