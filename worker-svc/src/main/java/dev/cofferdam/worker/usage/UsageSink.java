package dev.cofferdam.worker.usage;

/** Where metering records go. */
public interface UsageSink {

  /** Takes a record; it is safe when this returns. Does not wait for the network. */
  void record(AttemptRecord attempt);

  /** Whether it takes records; while it does not, no work is accepted. */
  boolean accepting();
}
