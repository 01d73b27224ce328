package dev.cofferdam.worker.execution.cuda.driver;

/** There is no device to run on; its message says what is missing, for the operator. */
public final class CudaUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public CudaUnavailableException(String message) {
    super(message);
  }

  public CudaUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
