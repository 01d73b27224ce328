package dev.cofferdam.audit.sealing;

/** Sealed bytes do not open: another key, another place, or changed. */
public final class UnsealableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public UnsealableException(String message) {
    super(message);
  }
}
