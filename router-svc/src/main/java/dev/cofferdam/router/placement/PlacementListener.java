package dev.cofferdam.router.placement;

import dev.cofferdam.vocabulary.ErrorCode;

/** Told of what became of placements, for metrics. Must not block. */
public interface PlacementListener {
  /** A route was planned. */
  void planned(long nanos);

  /** A request entered a pool's queue. */
  void entered(String pool, long tokens);

  /** It left the queue, whatever became of it. */
  void left(String pool, long tokens);

  /** A worker was granted. */
  void granted(String pool, long queueWaitMs);

  /** No worker was granted. */
  void refused(ErrorCode code);
}
