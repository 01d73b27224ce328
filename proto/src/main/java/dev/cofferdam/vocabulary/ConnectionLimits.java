package dev.cofferdam.vocabulary;

/**
 * What a tenant's clients may have of each gateway's network.
 *
 * @param connections client connections at once
 * @param keepaliveSeconds silence after which a connection's client is asked whether it is there
 * @param bitsPerSecond of all streams together; 0: unlimited
 */
public record ConnectionLimits(int connections, int keepaliveSeconds, long bitsPerSecond) {
  /** Bounds nothing; asks after a minute. */
  public static final ConnectionLimits UNLIMITED = new ConnectionLimits(Integer.MAX_VALUE, 60, 0);

  /**
   * @throws IllegalArgumentException where a value is out of range
   */
  public ConnectionLimits {
    if (connections <= 0 || keepaliveSeconds <= 0 || bitsPerSecond < 0) {
      throw new IllegalArgumentException(
          "connections: "
              + connections
              + ", keepalive_seconds: "
              + keepaliveSeconds
              + " (expected: > 0), stream_bits_per_second: "
              + bitsPerSecond
              + " (expected: >= 0)");
    }
  }
}
