package dev.cofferdam.worker.model;

/**
 * A model folder, or a file of it, cannot be used. The message names the file or setting at fault
 * and never a folder of the machine.
 */
public final class ModelLoadException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ModelLoadException(String message) {
    super(message);
  }

  public ModelLoadException(String message, Throwable cause) {
    super(message, cause);
  }
}
