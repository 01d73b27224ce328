package dev.cofferdam.router.routing;

import dev.cofferdam.router.health.Ejection;

/**
 * A worker of a pool that a request may go to, which it was not to go to at that moment.
 *
 * @param workerId the worker
 * @param reason why
 * @param detail figures, for people; may be empty
 */
public record LeftOut(String workerId, Reason reason, String detail) {
  LeftOut(String workerId, Reason reason) {
    this(workerId, reason, "");
  }

  static LeftOut ejected(String workerId, Ejection ejection) {
    Reason reason =
        switch (ejection.cause()) {
          case FAILS -> Reason.EJECTED;
          case SLOW -> Reason.EJECTED_SLOW;
        };
    return new LeftOut(workerId, reason, ejection.detail());
  }

  /** Why, for people. */
  public String text() {
    return detail.isEmpty() ? reason.text : reason.text + ": " + detail;
  }

  /** Why a worker was left out. */
  public enum Reason {
    SILENT("silent: it announces itself no more"),
    DRAINING("draining"),
    FAILED_REQUEST("failed this request"),
    EJECTED("ejected for a while: most requests failed there"),
    EJECTED_SLOW("ejected for a while: its tokens take far longer than its peers'");

    private final String text;

    Reason(String text) {
      this.text = text;
    }
  }
}
