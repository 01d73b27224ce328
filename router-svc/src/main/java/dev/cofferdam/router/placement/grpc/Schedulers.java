package dev.cofferdam.router.placement.grpc;

import io.grpc.Channel;
import java.util.Optional;

/** Channels to the schedulers of pools. */
@FunctionalInterface
public interface Schedulers {
  /**
   * A scheduler that may lead a pool.
   *
   * @param turn says which one, when it answers or fails
   */
  record Asked(Channel channel, int turn) {}

  /**
   * Whom a request is sent to now; empty: nobody, as others are just finding out who leads.
   *
   * @param nowMs milliseconds since any fixed moment
   */
  Optional<Asked> ask(String pool, long nowMs);

  /** A pool's scheduler answered: it leads. */
  default void answered(String pool, int turn) {}

  /** A pool's scheduler did not answer, or does not lead the pool: another may. */
  default void failed(String pool, int turn) {}
}
