package dev.cofferdam.audit.record;

import dev.cofferdam.vocabulary.TenantId;

/**
 * One fact for the log. What it says is opaque here; what it is found by stands beside.
 *
 * @param source who says it (CloudEvents source)
 * @param id unique for its source
 * @param tenant whose record it is; "-" where nobody was authenticated
 * @param request the request's 32 hexadecimal digits; empty for none
 * @param operation what was done, such as "generate"
 * @param severity 1 information, 2 warning, 3 critical; 0 unknown
 * @param occurredMs milliseconds since the epoch
 * @param payload the record's bytes; owned by the event, not to be changed
 */
@SuppressWarnings("ArrayRecordComponent")
public record AuditEvent(
    String source,
    String id,
    TenantId tenant,
    String request,
    String operation,
    int severity,
    long occurredMs,
    byte[] payload) {
  private static final int TEXT_CHARS_MAX = 256;

  /** An entry of a tile bundle has at most 65,535 bytes, those of the seal among them. */
  private static final int PAYLOAD_BYTES_MAX = 65_000;

  /**
   * @throws IllegalArgumentException where a field does not hold, naming it and never its value
   */
  public AuditEvent {
    text("source", source);
    text("id", id);
    text("request_id", request);
    text("operation", operation);
    if (payload.length > PAYLOAD_BYTES_MAX) {
      throw new IllegalArgumentException(
          "record: expected at most " + PAYLOAD_BYTES_MAX + " bytes");
    }
    if (severity < 0 || severity > 3) {
      throw new IllegalArgumentException("severity: expected 0 to 3");
    }
  }

  private static void text(String field, String value) {
    if (value.length() > TEXT_CHARS_MAX || value.chars().anyMatch(c -> c < ' ')) {
      throw new IllegalArgumentException(
          field
              + ": expected at most "
              + TEXT_CHARS_MAX
              + " characters without control characters");
    }
  }
}
