package dev.cofferdam.worker.execution;

/**
 * The hardware that an executor runs on can no longer be used by this process. No sequence is to
 * blame, and no other step can succeed: the process must end.
 */
public final class DeviceLostError extends Error {
  private static final long serialVersionUID = 1L;

  public DeviceLostError(Throwable cause) {
    super(cause.getMessage(), cause);
  }
}
