package dev.cofferdam.gguf;

/**
 * A GGUF file cannot be used. The message names the file and what of it is at fault, and never a
 * folder of the machine.
 */
public final class GgufException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public GgufException(String message) {
    super(message);
  }

  public GgufException(String message, Throwable cause) {
    super(message, cause);
  }
}
