package dev.cofferdam.gateway.quota.redis;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.impl.ContextInternal;
import io.vertx.core.impl.VertxInternal;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisConnection;
import io.vertx.redis.client.RedisOptions;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Redis over one connection for each event loop, on which commands follow each other without
 * waiting for answers. A command that is sent from a loop stays on it, and its answer comes there:
 * nobody waits for another loop. A connection that fails, or says nothing for a while though
 * somebody waits, is replaced by the next command. For a single server; clusters and sentinels have
 * clients that follow them.
 */
public final class LoopRedis implements Redis {
  private final Vertx vertx;
  private final RedisOptions options;
  private final long silenceNsMax;
  private final List<Lane> lanes = new ArrayList<>();

  /**
   * @param options of each loop's client, which closes connections that are silent for long
   * @param silenceMsMax milliseconds without an answer after which a connection is given up
   */
  public LoopRedis(Vertx vertx, RedisOptions options, long silenceMsMax) {
    this.vertx = vertx;
    this.options = options;
    this.silenceNsMax = TimeUnit.MILLISECONDS.toNanos(silenceMsMax);
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

  /** Refused: a connection is its loop's. */
  @Override
  public Future<RedisConnection> connect() {
    throw new UnsupportedOperationException("commands are sent, no connection is given out");
  }

  /** Refused: commands follow each other anyway. */
  @Override
  public Future<List<@Nullable Response>> batch(List<Request> commands) {
    throw new UnsupportedOperationException("commands are sent one by one");
  }

  @Override
  public void close() {
    for (Lane lane : lanes) {
      lane.context.runOnContext(unused -> lane.close());
    }
  }

  /** A connection that is open or will be; used on one loop. */
  private static final class Open {
    private final Future<RedisConnection> connection;
    private int waiting;
    private long heardNs = System.nanoTime();

    Open(Future<RedisConnection> connection) {
      this.connection = connection;
    }
  }

  /** One loop's connection; all of it happens on the loop. */
  private final class Lane {
    private final ContextInternal context;
    private @Nullable Redis client;
    private @Nullable Open open;

    Lane(ContextInternal context) {
      this.context = context;
    }

    Future<@Nullable Response> dispatch(Request command) {
      Promise<@Nullable Response> answer = context.promise();
      context.emit(command, c -> send(c, answer));
      return answer.future();
    }

    private void send(Request command, Promise<@Nullable Response> answer) {
      Open current = usable();
      current.waiting++;
      current
          .connection
          .compose(connection -> connection.send(command))
          .onComplete(
              result -> {
                current.waiting--;
                current.heardNs = System.nanoTime();
                if (result.failed() && isOfReplica(result.cause())) {
                  giveUp(current);
                }
                answer.handle(result);
              });
    }

    private Open usable() {
      long nowNs = System.nanoTime();
      Open current = open;
      if (current != null && current.waiting == 0) {
        current.heardNs = nowNs;
      }
      if (current == null || nowNs - current.heardNs > silenceNsMax) {
        current = connect();
      }
      return current;
    }

    /** A client has all of its connections on the loop that it was made on. */
    private Redis client() {
      Redis made = client;
      if (made == null) {
        made = Redis.createClient(vertx, options);
        client = made;
      }
      return made;
    }

    private void close() {
      if (client != null) {
        client.close();
      }
    }

    private Open connect() {
      Open opening = new Open(client().connect());
      open = opening;
      opening.connection.onComplete(
          result -> {
            if (result.failed()) {
              giveUp(opening);
            } else {
              result.result().exceptionHandler(lost -> giveUp(opening));
              result.result().endHandler(lost -> giveUp(opening));
            }
          });
      return opening;
    }

    /** Does not close it: its pool would hand it out again. */
    private void giveUp(Open gone) {
      if (open == gone) {
        open = null;
      }
    }

    /** What was a primary is none any more; the address may lead to another one by now. */
    private static boolean isOfReplica(Throwable failure) {
      return String.valueOf(failure.getMessage()).startsWith("READONLY");
    }
  }
}
