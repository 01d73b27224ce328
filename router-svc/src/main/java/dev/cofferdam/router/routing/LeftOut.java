package dev.cofferdam.router.routing;

/**
 * A worker of a pool that a request may go to, which it was not to go to at that moment.
 *
 * @param workerId the worker
 * @param reason why
 */
public record LeftOut(String workerId, Reason reason) {
  /** Why a worker was left out. */
  public enum Reason {
    SILENT("silent: it announces itself no more"),
    DRAINING("draining"),
    FAILED_REQUEST("failed this request"),
    EJECTED("ejected for a while: most requests failed there");

    private final String text;

    Reason(String text) {
      this.text = text;
    }

    /** For people. */
    public String text() {
      return text;
    }
  }
}
