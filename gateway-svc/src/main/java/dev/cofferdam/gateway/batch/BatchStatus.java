package dev.cofferdam.gateway.batch;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** The life of a batch job; {@link #next()} is the whole table of transitions. */
public enum BatchStatus {
  /** Its lines are run, or wait to be. */
  IN_PROGRESS,
  /** Its tenant ended it; what runs is being stopped. */
  CANCELLING,
  /** Every line was run. */
  COMPLETED,
  /** Its time was over before every line was run. */
  EXPIRED,
  /** It was ended before every line was run. */
  CANCELLED,
  /** The API key that asked for it was revoked before every line was run. */
  REVOKED,
  /** It could not go on: its tenant or its input is gone. */
  FAILED;

  /** Where a job may go from here. */
  public Set<BatchStatus> next() {
    return switch (this) {
      case IN_PROGRESS -> EnumSet.of(CANCELLING, COMPLETED, EXPIRED, REVOKED, FAILED);
      case CANCELLING -> EnumSet.of(CANCELLED, FAILED);
      case COMPLETED, EXPIRED, CANCELLED, REVOKED, FAILED -> EnumSet.noneOf(BatchStatus.class);
    };
  }

  /** Whether it has ended. */
  public boolean ended() {
    return next().isEmpty();
  }

  /** Lower-case name, as in answers and in the database. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
