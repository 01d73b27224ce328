package dev.cofferdam.worker.execution.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Functions of the CUDA driver that a step calls, by the foreign function API: a call costs some
 * ten nanoseconds beside the driver's own work and leaves no garbage. The others go through JCuda.
 */
final class DriverCalls {
  /** The driver's library; nothing else of CUDA is needed on a machine. */
  static final String LIBRARY = "libcuda.so.1";

  private static final SymbolLookup SYMBOLS = SymbolLookup.libraryLookup(LIBRARY, Arena.global());

  static final MethodHandle LAUNCH_KERNEL =
      call(
          "cuLaunchKernel",
          JAVA_LONG,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_LONG,
          ADDRESS,
          ADDRESS);
  static final MethodHandle COPY_IN =
      call("cuMemcpyHtoDAsync_v2", JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);
  static final MethodHandle COPY_OUT =
      call("cuMemcpyDtoHAsync_v2", ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  static final MethodHandle COPY =
      call("cuMemcpyDtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  static final MethodHandle FILL =
      call("cuMemsetD8Async", JAVA_LONG, JAVA_BYTE, JAVA_LONG, JAVA_LONG);
  static final MethodHandle STREAM_CREATE = call("cuStreamCreate", ADDRESS, JAVA_INT);
  static final MethodHandle STREAM_DESTROY = call("cuStreamDestroy_v2", JAVA_LONG);
  static final MethodHandle STREAM_SYNCHRONIZE = call("cuStreamSynchronize", JAVA_LONG);
  static final MethodHandle BEGIN_CAPTURE = call("cuStreamBeginCapture_v2", JAVA_LONG, JAVA_INT);
  static final MethodHandle END_CAPTURE = call("cuStreamEndCapture", JAVA_LONG, ADDRESS);
  static final MethodHandle GRAPH_INSTANTIATE =
      call("cuGraphInstantiateWithFlags", ADDRESS, JAVA_LONG, JAVA_LONG);
  static final MethodHandle GRAPH_LAUNCH = call("cuGraphLaunch", JAVA_LONG, JAVA_LONG);
  static final MethodHandle GRAPH_EXEC_DESTROY = call("cuGraphExecDestroy", JAVA_LONG);
  static final MethodHandle GRAPH_DESTROY = call("cuGraphDestroy", JAVA_LONG);
  static final MethodHandle HOST_ALLOCATE = call("cuMemHostAlloc", ADDRESS, JAVA_LONG, JAVA_INT);
  static final MethodHandle HOST_FREE = call("cuMemFreeHost", ADDRESS);
  static final MethodHandle EVENT_CREATE = call("cuEventCreate", ADDRESS, JAVA_INT);
  static final MethodHandle EVENT_RECORD = call("cuEventRecord", JAVA_LONG, JAVA_LONG);
  static final MethodHandle EVENT_SYNCHRONIZE = call("cuEventSynchronize", JAVA_LONG);
  static final MethodHandle EVENT_ELAPSED =
      call("cuEventElapsedTime", ADDRESS, JAVA_LONG, JAVA_LONG);
  static final MethodHandle EVENT_DESTROY = call("cuEventDestroy_v2", JAVA_LONG);
  private static final MethodHandle ERROR_NAME = call("cuGetErrorName", JAVA_INT, ADDRESS);

  private DriverCalls() {}

  private static MethodHandle call(String name, MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(SYMBOLS.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, arguments));
  }

  /**
   * Goes on where a call succeeded.
   *
   * @throws CudaException otherwise
   */
  static void check(String call, int code) {
    if (code != 0) {
      throw new CudaException(call, code, nameOf(code));
    }
  }

  private static String nameOf(int code) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(ADDRESS);
      if ((int) ERROR_NAME.invokeExact(code, name) != 0) {
        return "an unknown error";
      }
      return name.get(ADDRESS, 0).reinterpret(128).getString(0);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** What a call through a method handle of this class never throws. */
  static IllegalStateException unexpected(Throwable thrown) {
    if (thrown instanceof CudaException failed) {
      throw failed;
    }
    return new IllegalStateException(thrown);
  }

  /** Calls what creates something and gives its handle by a pointer. */
  static long create(String name, Creation call) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = arena.allocate(ValueLayout.JAVA_LONG);
      check(name, call.call(handle));
      return handle.get(ValueLayout.JAVA_LONG, 0);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** A call that writes a handle. */
  interface Creation {
    @SuppressWarnings("ThrowsThrowable") // as method handles do
    int call(MemorySegment handle) throws Throwable;
  }
}
