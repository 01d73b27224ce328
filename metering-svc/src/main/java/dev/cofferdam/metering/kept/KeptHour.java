package dev.cofferdam.metering.kept;

import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * Something that a tenant kept in an hour.
 *
 * @param tenant who pays
 * @param kind what it is
 * @param keeper the database where storage is; empty for adapters
 * @param model model id of an adapter, else empty
 * @param name the adapter's, or what is stored
 * @param hour the hour's beginning
 * @param bytes how large it was
 */
public record KeptHour(
    TenantId tenant,
    Kind kind,
    String keeper,
    String model,
    String name,
    Instant hour,
    long bytes) {
  private static final int TEXT_CHARS_MAX = 256;
  private static final long BYTES_MAX = 1L << 50;
  private static final Instant EARLIEST = Instant.parse("2020-01-01T00:00:00Z");

  /** What can be kept. */
  public enum Kind {
    /** An adapter in a worker's memory; its hours are paid for. */
    ADAPTER,
    /** Bytes in a gateway's database; they are paid for, times hours. */
    STORAGE
  }

  /**
   * @throws IllegalArgumentException where a field does not hold, naming the field and never
   *     repeating its value
   */
  public KeptHour {
    text("keeper", keeper);
    text("model", model);
    text("name", name);
    if (name.isEmpty()) {
      throw new IllegalArgumentException("name: missing");
    }
    if (!hour.equals(hour.truncatedTo(ChronoUnit.HOURS)) || hour.isBefore(EARLIEST)) {
      throw new IllegalArgumentException("hour_epoch_ms: expected an hour's beginning since 2020");
    }
    if (bytes < 0 || bytes > BYTES_MAX) {
      throw new IllegalArgumentException("bytes: expected 0 to " + BYTES_MAX);
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
