package dev.cofferdam.audit.api;

import dev.cofferdam.audit.retention.Erasure;
import dev.cofferdam.audit.retention.Housekeeping;
import dev.cofferdam.audit.retention.Keys;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/** What operators do to the log's keys; the log is told of all of it. */
public final class Upkeep {
  private final Keys keys;
  private final Housekeeping housekeeping;
  private final InstantSource clock;

  public Upkeep(Keys keys, Housekeeping housekeeping, InstantSource clock) {
    this.keys = keys;
    this.housekeeping = housekeeping;
    this.clock = clock;
  }

  /**
   * What was rotated.
   *
   * @param rewrapped data keys that are now under the key-encryption key in force
   * @param retired data keys that seal nothing any more
   */
  public record Rotated(int rewrapped, int retired) {}

  /** Erases a tenant; empty where there is nothing that could be opened. */
  public Optional<Erasure> erase(TenantId tenant, String actor, String reason) {
    Optional<Erasure> erasure = keys.erase(tenant, actor, reason);
    housekeeping.tell();
    return erasure;
  }

  /** Wraps data keys again, and retires those in use where that is asked for. */
  public Rotated rotate(boolean dataKeys, Optional<TenantId> tenant) {
    int rewrapped = keys.rewrap();
    if (!dataKeys) {
      return new Rotated(rewrapped, 0);
    }
    // The store's clock may be ahead: every key that there is now.
    Instant now = clock.instant();
    return new Rotated(rewrapped, keys.retire(tenant, now.plus(Duration.ofDays(1)), now));
  }
}
