package dev.cofferdam.router.placement.grpc;

import io.grpc.Channel;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Several schedulers for a pool, of which one leads: the one that answered last is asked until it
 * fails, then the next. Thread-safe.
 */
public final class SchedulersInTurn implements Schedulers {
  private final Function<String, List<String>> endpoints;
  private final Function<String, Channel> channels;
  private final Map<String, Integer> turns = new ConcurrentHashMap<>();

  /**
   * @param endpoints host:port of the schedulers of a pool, not empty
   * @param channels the channel to an endpoint, the same one each time
   */
  public SchedulersInTurn(
      Function<String, List<String>> endpoints, Function<String, Channel> channels) {
    this.endpoints = endpoints;
    this.channels = channels;
  }

  @Override
  public Channel of(String pool) {
    return channels.apply(endpoint(pool, turns.getOrDefault(pool, 0)));
  }

  private String endpoint(String pool, int turn) {
    List<String> all = endpoints.apply(pool);
    return all.get(Math.floorMod(turn, all.size()));
  }

  @Override
  public void failed(String pool, Channel asked) {
    // Many calls may fail at once; they turn to the next one together.
    turns.compute(
        pool,
        (name, turn) -> {
          int now = turn == null ? 0 : turn;
          return channels.apply(endpoint(name, now)) == asked ? now + 1 : now;
        });
  }
}
