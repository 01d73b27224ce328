package dev.cofferdam.metering.cost;

/**
 * How a tenant's work went; sums over its attempts.
 *
 * @param attempts attempts
 * @param prefillMs milliseconds of prefill
 * @param decodeMs milliseconds of decode
 * @param computeUs computing, in microseconds
 * @param preemptions times that attempts were preempted
 * @param wastedUs computing of attempts that came to nothing: lost, failed, or the second and later
 *     ones of a request
 */
public record Work(
    long attempts, long prefillMs, long decodeMs, long computeUs, long preemptions, long wastedUs) {
  /** No work. */
  public static final Work NONE = new Work(0, 0, 0, 0, 0, 0);

  /** Both. */
  public Work plus(Work other) {
    return new Work(
        attempts + other.attempts,
        prefillMs + other.prefillMs,
        decodeMs + other.decodeMs,
        computeUs + other.computeUs,
        preemptions + other.preemptions,
        wastedUs + other.wastedUs);
  }
}
