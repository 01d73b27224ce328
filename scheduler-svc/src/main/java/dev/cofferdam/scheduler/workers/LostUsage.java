package dev.cofferdam.scheduler.workers;

import dev.cofferdam.scheduler.shard.PoolEffect;

/** States the usage of attempts whose worker died, in its place. */
public interface LostUsage {
  /**
   * States the usage of an attempt, once. What cannot be stated now is kept and stated later.
   *
   * @param pool the pool
   */
  void state(String pool, PoolEffect.AttemptLost lost);

  /** Tries again what could not be stated; called several times a second. */
  void retry();
}
