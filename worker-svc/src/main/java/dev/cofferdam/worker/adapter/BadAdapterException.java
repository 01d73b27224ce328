package dev.cofferdam.worker.adapter;

import dev.cofferdam.worker.model.ModelLoadException;

/**
 * An adapter's files cannot be used with the model, or are not those of the version asked for: the
 * precondition of the request failed, and trying again does not help. The message names the file or
 * setting at fault, never a folder of the machine and never content.
 */
public final class BadAdapterException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public BadAdapterException(String message) {
    super(message);
  }

  public BadAdapterException(String message, Throwable cause) {
    super(message, cause);
  }

  /** A file of an adapter is malformed. */
  public BadAdapterException(ModelLoadException cause) {
    super(cause.getMessage(), cause);
  }
}
