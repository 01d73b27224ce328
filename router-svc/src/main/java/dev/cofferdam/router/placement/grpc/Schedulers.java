package dev.cofferdam.router.placement.grpc;

import io.grpc.Channel;

/** Channels to the schedulers of pools. */
@FunctionalInterface
public interface Schedulers {
  /** The channel to a pool's scheduler, as far as it is known. */
  Channel of(String pool);

  /** A pool's scheduler did not answer, or does not lead the pool: another may. */
  default void failed(String pool, Channel asked) {}
}
