package dev.cofferdam.gateway.app;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.impl.ContextInternal;
import io.vertx.core.impl.VertxInternal;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisConnection;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Redis over one connection for each event loop, on which commands follow each other without
 * waiting for answers. A command that is sent from a loop stays on it, and its answer comes there.
 * A connection that fails, or says nothing for {@link #SILENCE_MS_MAX} while somebody waits, is
 * replaced by the next command.
 */
final class LoopRedis implements Redis {
  private static final long SILENCE_MS_MAX = 1_000;

  private final Redis redis;
  private final List<Lane> lanes = new ArrayList<>();

  /**
   * @param redis makes the connections; stays the caller's
   */
  LoopRedis(Vertx vertx, Redis redis) {
    this.redis = redis;
    VertxInternal internal = (VertxInternal) vertx;
    for (EventExecutor loop : internal.getEventLoopGroup()) {
      lanes.add(
          new Lane(
              internal.createEventLoopContext(
                  (EventLoop) loop,
                  internal.getWorkerPool(),
                  Thread.currentThread().getContextClassLoader())));
    }
  }

  @Override
  public Future<@Nullable Response> send(Request command) {
    for (Lane lane : lanes) {
      if (lane.context.nettyEventLoop().inEventLoop()) {
        return lane.dispatch(command);
      }
    }
    return lanes.getFirst().dispatch(command);
  }

  @Override
  public Future<RedisConnection> connect() {
    return redis.connect();
  }

  @Override
  public Future<List<@Nullable Response>> batch(List<Request> commands) {
    return redis.batch(commands);
  }

  @Override
  public void close() {
    lanes.forEach(lane -> lane.context.execute(lane::drop));
  }

  /** One loop's connection; all of it happens on the loop. */
  private final class Lane {
    private final ContextInternal context;
    private @Nullable Future<RedisConnection> connection;
    private int waiting;
    private long heardNs;

    Lane(ContextInternal context) {
      this.context = context;
    }

    Future<@Nullable Response> dispatch(Request command) {
      Promise<@Nullable Response> answer = context.promise();
      context.emit(command, c -> send(c, answer));
      return answer.future();
    }

    private void send(Request command, Promise<@Nullable Response> answer) {
      long nowNs = System.nanoTime();
      if (waiting == 0) {
        heardNs = nowNs;
      } else if (nowNs - heardNs > TimeUnit.MILLISECONDS.toNanos(SILENCE_MS_MAX)) {
        drop();
        heardNs = nowNs;
      }
      waiting++;
      Future<RedisConnection> open = connection;
      if (open == null) {
        open = connect();
      }
      open.compose(c -> c.send(command))
          .onComplete(
              result -> {
                waiting--;
                heardNs = System.nanoTime();
                if (result.failed() && isReplica(result.cause())) {
                  drop();
                }
                answer.handle(result);
              });
    }

    /** What was a primary is none any more; the address may lead to another one by now. */
    private static boolean isReplica(Throwable failure) {
      return String.valueOf(failure.getMessage()).startsWith("READONLY");
    }

    private Future<RedisConnection> connect() {
      Future<RedisConnection> opening = redis.connect();
      connection = opening;
      opening.onComplete(
          result -> {
            if (result.failed()) {
              forget(opening);
            } else {
              result.result().exceptionHandler(lost -> forget(opening));
              result.result().endHandler(lost -> forget(opening));
            }
          });
      return opening;
    }

    private void forget(Future<RedisConnection> gone) {
      if (connection == gone) {
        connection = null;
      }
    }

    void drop() {
      Future<RedisConnection> gone = connection;
      connection = null;
      if (gone != null) {
        gone.onSuccess(RedisConnection::close);
      }
    }
  }
}
