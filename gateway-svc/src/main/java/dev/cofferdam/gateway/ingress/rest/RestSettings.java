package dev.cofferdam.gateway.ingress.rest;

/**
 * Bounds of the REST edge.
 *
 * @param heartbeatMs milliseconds without an event after which a stream sends a comment
 */
public record RestSettings(long heartbeatMs) {
  /** What is in force where nothing else is said. */
  public static final RestSettings DEFAULTS = new RestSettings(15_000);

  public RestSettings {
    if (heartbeatMs < 1) {
      throw new IllegalArgumentException("heartbeat_ms: " + heartbeatMs + " (expected: > 0)");
    }
  }
}
