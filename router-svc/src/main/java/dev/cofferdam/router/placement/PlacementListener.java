package dev.cofferdam.router.placement;

import dev.cofferdam.vocabulary.ErrorCode;

/** Told of what became of placements, for metrics. Must not block. */
public interface PlacementListener {
  /** A route was planned. */
  void planned(long nanos);

  /** A worker was granted. */
  void granted(String pool, long queueWaitMs);

  /** No worker was granted. */
  void refused(ErrorCode code);
}
