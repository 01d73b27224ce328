package dev.cofferdam.worker.execution.cuda.driver;

import java.util.Set;

/** A call of the CUDA driver failed. Its message names the call and the error, nothing else. */
public final class CudaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final int OUT_OF_MEMORY = 2;

  /**
   * Errors that leave the context as it was: bad arguments, not found, not enough of something.
   * Every other one may have poisoned it: all further calls in this process fail.
   */
  private static final Set<Integer> HARMLESS = Set.of(1, OUT_OF_MEMORY, 3, 200, 209, 218, 500, 701);

  private final int code;

  CudaException(String call, int code, String name) {
    super(call + " failed: " + name + " (" + code + ")");
    this.code = code;
  }

  /** The driver's number for the error. */
  public int code() {
    return code;
  }

  /** Whether the device had too little memory. */
  public boolean outOfMemory() {
    return code == OUT_OF_MEMORY;
  }

  /** Whether nothing more can be done with the device in this process. */
  public boolean deviceLost() {
    return !HARMLESS.contains(code);
  }
}
