package dev.cofferdam.audit.retention;

import dev.cofferdam.vocabulary.TenantId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.ToIntFunction;

/**
 * Ends the time of records: keys are retired after their span, and destroyed when their tenant's
 * retention has passed since, so that a record can be opened for at least its retention and at most
 * a key's span longer. The leaf and its proofs stay. Whatever was destroyed is told to the log,
 * however the process ended in between.
 */
public final class Housekeeping {
  private static final String ACTOR = "audit";

  private final Keys keys;
  private final ToIntFunction<TenantId> retentionDays;
  private final Duration keySpan;
  private final Recorder recorder;

  /** Tells the log of an erasure; must put it where it survives, or fail. */
  public interface Recorder {
    /** Tells it; telling it twice is the same as once. */
    void record(Erasure erasure);
  }

  /**
   * @param retentionDays for how many days records of a tenant can be opened
   * @param keySpan for how long records are sealed under one key
   */
  public Housekeeping(
      Keys keys, ToIntFunction<TenantId> retentionDays, Duration keySpan, Recorder recorder) {
    this.keys = keys;
    this.retentionDays = retentionDays;
    this.keySpan = keySpan;
    this.recorder = recorder;
  }

  /** What one round did. */
  public record Done(int retired, int destroyed) {}

  /** Does what is due. */
  public Done step(Instant now) {
    int retired = keys.retire(Optional.empty(), now.minus(keySpan), now);
    int destroyed = 0;
    for (TenantId tenant : keys.retired()) {
      int days = retentionDays.applyAsInt(tenant);
      Optional<Erasure> erasure =
          keys.expire(
              tenant,
              now.minus(Duration.ofDays(days)),
              ACTOR,
              "retention of " + days + " days is over");
      destroyed += erasure.map(Erasure::keys).orElse(0);
    }
    tell();
    return new Done(retired, destroyed);
  }

  /** Tells the log of every erasure that it has not been told of. */
  public void tell() {
    for (Erasure erasure : keys.unrecorded()) {
      recorder.record(erasure);
      keys.recorded(erasure.id());
    }
  }
}
