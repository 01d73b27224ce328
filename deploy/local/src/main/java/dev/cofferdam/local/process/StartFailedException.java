package dev.cofferdam.local.process;

/** Something of the mesh cannot start; the message says what, why, and where the log is. */
public final class StartFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public StartFailedException(String message) {
    super(message);
  }

  public StartFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
