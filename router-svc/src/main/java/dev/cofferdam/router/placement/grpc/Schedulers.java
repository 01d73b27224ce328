package dev.cofferdam.router.placement.grpc;

import io.grpc.Channel;

/** Channels to the schedulers of pools. */
@FunctionalInterface
public interface Schedulers {
  /** The channel to a pool's scheduler. */
  Channel of(String pool);
}
