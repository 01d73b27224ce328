package dev.cofferdam.mesh.kafka;

/** The spool is at its bound, or its disk is: the fact was not taken. */
public final class SpoolFullException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public SpoolFullException(String message) {
    super(message);
  }
}
