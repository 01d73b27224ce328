package dev.cofferdam.gateway.ingress.rest;

import java.util.ArrayList;
import java.util.List;

/**
 * Bounds of the REST edge. What breaks those of the transport is answered with a status alone: 414
 * and 431 for a head that is too large, 408 for a body that does not come.
 *
 * @param headBytesMax bytes of a request's headers at most, and a quarter of it for its first line
 * @param headMsMax milliseconds in which a new connection's first request must be there
 * @param idleMsMax milliseconds that a connection may wait for its next request
 * @param bodyMsMax milliseconds in which a body must be there
 * @param streamsMax requests at once on one connection of HTTP/2
 * @param resetsMax streams that a client may reset in half a minute before its connection ends
 * @param heartbeatMs milliseconds without an event after which a stream sends a comment
 */
public record RestSettings(
    int headBytesMax,
    long headMsMax,
    long idleMsMax,
    long bodyMsMax,
    int streamsMax,
    int resetsMax,
    long heartbeatMs) {
  /** What is in force where nothing else is said. */
  public static final RestSettings DEFAULTS =
      new RestSettings(16 << 10, 10_000, 60_000, 30_000, 100, 200, 15_000);

  public RestSettings {
    List<String> problems = new ArrayList<>();
    positive(problems, "head_bytes_max", headBytesMax);
    positive(problems, "head_ms_max", headMsMax);
    positive(problems, "idle_ms_max", idleMsMax);
    positive(problems, "body_ms_max", bodyMsMax);
    positive(problems, "streams_max", streamsMax);
    positive(problems, "resets_max", resetsMax);
    positive(problems, "heartbeat_ms", heartbeatMs);
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", problems));
    }
  }

  private static void positive(List<String> problems, String name, long value) {
    if (value < 1) {
      problems.add(name + ": " + value + " (expected: > 0)");
    }
  }
}
