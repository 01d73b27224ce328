package dev.cofferdam.vocabulary;

import java.util.Locale;

/** How urgent work is; each class has its own queues. */
public enum WorkloadClass {
  /** A person waits. */
  INTERACTIVE,
  /** A program waits, for seconds. */
  STANDARD,
  /** Nobody waits. */
  BATCH;

  /** Lower-case name, as in events and metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
