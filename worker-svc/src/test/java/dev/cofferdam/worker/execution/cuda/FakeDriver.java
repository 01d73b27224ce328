package dev.cofferdam.worker.execution.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * A driver's double in this process: {@code libcuda.so.1}, built from {@code src/test/cuda}, which
 * runs the kernels on the CPU. Once it is loaded, whoever asks for that library gets it.
 */
final class FakeDriver {
  private static final long BUILD_SECONDS_MAX = 300;

  private static final class Built {
    static final Optional<SymbolLookup> LIBRARY = build();
  }

  private FakeDriver() {}

  /** Loads it, with nothing made yet; skips the test where there is no C++ compiler. */
  static void assumeLoaded() {
    Assumptions.assumeTrue(Built.LIBRARY.isPresent(), "no C++ compiler");
    reset();
  }

  private static Optional<SymbolLookup> build() {
    try {
      Path out = Path.of("target/test-cuda").toAbsolutePath();
      Files.createDirectories(out);
      File log = out.resolve("build.log").toFile();
      Process build =
          new ProcessBuilder("sh", "src/test/cuda/driver/build.sh", out.toString())
              .redirectErrorStream(true)
              .redirectOutput(log)
              .start();
      if (!build.waitFor(BUILD_SECONDS_MAX, TimeUnit.SECONDS)) {
        build.destroyForcibly();
        throw new IllegalStateException("the driver's double takes too long to build");
      }
      if (build.exitValue() == 3) {
        return Optional.empty();
      }
      if (build.exitValue() != 0) {
        throw new IllegalStateException(Files.readString(log.toPath()));
      }
      return Optional.of(SymbolLookup.libraryLookup(out.resolve("libcuda.so.1"), Arena.global()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static MethodHandle call(String name, Optional<MemoryLayout> result, MemoryLayout... of) {
    return Linker.nativeLinker()
        .downcallHandle(
            Built.LIBRARY.orElseThrow().findOrThrow(name),
            result
                .map(r -> FunctionDescriptor.of(r, of))
                .orElseGet(() -> FunctionDescriptor.ofVoid(of)));
  }

  /** Forgets everything. */
  static void reset() {
    try {
      call("fake_reset", Optional.empty()).invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Makes the n-th call from now on fail; 0: none. */
  static void fail(long n, int code) {
    try {
      call("fake_fail", Optional.empty(), JAVA_LONG, JAVA_INT).invokeExact(n, code);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Calls since the last {@link #fail}. */
  static long calls() {
    return number("fake_calls");
  }

  /** Things that were made and not given back. */
  static long live() {
    return number("fake_live");
  }

  /** The call that was made to fail; empty: none yet. */
  static String failed() {
    return text("fake_failed");
  }

  /** What was done against the driver's rules; empty: nothing. */
  static String misuse() {
    return text("fake_misuse");
  }

  /** A function of the kernels' header. */
  static int shape(String name, int... arguments) {
    MemoryLayout[] layouts = new MemoryLayout[arguments.length];
    Arrays.fill(layouts, JAVA_INT);
    try {
      return (int)
          call(name, Optional.of(JAVA_INT), layouts)
              .invokeWithArguments(Arrays.stream(arguments).boxed().toList());
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Makes so many devices visible. */
  static void devices(int count) {
    try {
      call("fake_devices", Optional.empty(), JAVA_INT).invokeExact(count);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static long number(String name) {
    try {
      return (long) call(name, Optional.of(JAVA_LONG)).invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static String text(String name) {
    try {
      MemorySegment text = (MemorySegment) call(name, Optional.of(ADDRESS)).invokeExact();
      return text.reinterpret(4096).getString(0);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
