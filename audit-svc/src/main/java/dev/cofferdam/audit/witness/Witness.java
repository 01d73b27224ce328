package dev.cofferdam.audit.witness;

/** A witness, as the log reaches it. */
public interface Witness {
  /**
   * Asks for a cosignature.
   *
   * @throws WitnessAwayException where it cannot be reached
   */
  Answer add(AddCheckpoint request);

  /**
   * What a witness answers.
   *
   * @param status the HTTP status: 200 cosigned, 409 it cosigned another size last, others refuse
   * @param body signature lines; with 409 the size
   */
  record Answer(int status, String body) {}

  /** The witness cannot be reached. */
  final class WitnessAwayException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public WitnessAwayException(Throwable cause) {
      super("the witness cannot be reached", cause);
    }
  }
}
