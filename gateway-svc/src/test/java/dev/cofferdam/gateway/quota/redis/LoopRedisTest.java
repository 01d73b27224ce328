package dev.cofferdam.gateway.quota.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.redis.RedisProcess;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.RedisOptions;
import io.vertx.redis.client.Request;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Loops do not wait for each other. */
class LoopRedisTest {
  private static final Request PING = Request.cmd(Command.PING);

  private final RedisProcess process = new RedisProcess();
  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(2));
  private final LoopRedis redis =
      new LoopRedis(
          vertx,
          new RedisOptions().setConnectionString("redis://127.0.0.1:" + process.port()),
          5_000);

  @AfterEach
  void stop() throws Exception {
    redis.close();
    await(vertx.close());
    process.close();
  }

  @Test
  void aLoopIsAnsweredWhileAnotherIsBusy() throws Exception {
    Context busy = vertx.getOrCreateContext();
    Context free = another(busy);
    await(on(busy, () -> redis.send(PING)));
    await(on(free, () -> redis.send(PING)));
    CountDownLatch answered = new CountDownLatch(1);
    Future<Boolean> wait =
        on(busy, () -> Future.succeededFuture(answered.await(10, TimeUnit.SECONDS)));

    await(on(free, () -> redis.send(PING)));
    answered.countDown();

    assertThat(await(wait)).isTrue();
  }

  /** A context on the other loop. */
  private Context another(Context than) throws Exception {
    Thread thread = await(on(than, () -> Future.succeededFuture(Thread.currentThread())));
    while (true) {
      Promise<Context> found = Promise.promise();
      new Thread(
              () -> {
                Context context = vertx.getOrCreateContext();
                context.runOnContext(unused -> found.complete(context));
              })
          .start();
      Context context = await(found.future());
      if (await(on(context, () -> Future.succeededFuture(Thread.currentThread()))) != thread) {
        return context;
      }
    }
  }

  private interface Step<T> {
    Future<T> run() throws Exception;
  }

  private static <T> Future<T> on(Context context, Step<T> step) {
    Promise<T> done = Promise.promise();
    context.runOnContext(
        unused -> {
          try {
            step.run().onComplete(done);
          } catch (Exception e) {
            done.fail(e);
          }
        });
    return done.future();
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }
}
