package dev.cofferdam.router.placement.grpc;

import dev.cofferdam.router.placement.SchedulerTurns;
import io.grpc.Channel;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** Several schedulers for a pool, of which one leads. Thread-safe. */
public final class SchedulersInTurn implements Schedulers {
  private final Function<String, List<String>> endpoints;
  private final Function<String, Channel> channels;
  private final Map<String, SchedulerTurns> pools = new ConcurrentHashMap<>();

  /**
   * @param endpoints host:port of the schedulers of a pool, not empty
   * @param channels the channel to an endpoint
   */
  public SchedulersInTurn(
      Function<String, List<String>> endpoints, Function<String, Channel> channels) {
    this.endpoints = endpoints;
    this.channels = channels;
  }

  @Override
  public Optional<Asked> ask(String pool, long nowMs) {
    OptionalInt turn = turns(pool).ask(nowMs);
    if (turn.isEmpty()) {
      return Optional.empty();
    }
    List<String> all = endpoints.apply(pool);
    String endpoint = all.get(Math.floorMod(turn.getAsInt(), all.size()));
    return Optional.of(new Asked(channels.apply(endpoint), turn.getAsInt()));
  }

  @Override
  public void answered(String pool, int turn) {
    turns(pool).answered(turn);
  }

  @Override
  public void failed(String pool, int turn) {
    turns(pool).failed(turn);
  }

  private SchedulerTurns turns(String pool) {
    SchedulerTurns known = pools.get(pool);
    return known != null ? known : pools.computeIfAbsent(pool, unused -> new SchedulerTurns());
  }
}
