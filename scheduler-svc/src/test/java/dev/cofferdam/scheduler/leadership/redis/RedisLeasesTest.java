package dev.cofferdam.scheduler.leadership.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.redis.RedisProcess;
import dev.cofferdam.scheduler.leadership.PoolLeases;
import dev.cofferdam.scheduler.leadership.PoolLeases.Claim;
import dev.cofferdam.scheduler.leadership.PoolLeasesContract;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.Request;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RedisLeasesTest extends PoolLeasesContract {
  private final RedisProcess process = new RedisProcess();
  private final Vertx vertx = Vertx.vertx();
  private final Redis redis = Redis.createClient(vertx, process.url());
  private final RedisLeases one = new RedisLeases(redis, "one", 60_000);
  private final RedisLeases other = new RedisLeases(redis, "other", 60_000);

  @AfterEach
  void stop() {
    redis.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
    process.close();
  }

  @Override
  protected PoolLeases one() {
    return one;
  }

  @Override
  protected PoolLeases other() {
    return other;
  }

  @Override
  protected void expire() {
    run(Request.cmd(Command.DEL).arg("cofferdam:scheduler:{shared}:lease"));
  }

  @Override
  protected void cutOff() {
    process.close();
  }

  private void run(Request request) {
    redis.send(request).toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void afterARedisThatLostItsDataTheHolderGoesOnInItsTermAndAnotherGetsALargerOne() {
    Claim before = claim(one);
    run(Request.cmd(Command.FLUSHALL));
    assertThat(claim(one)).isEqualTo(before);
    run(Request.cmd(Command.FLUSHALL));
    Claim.Held after = (Claim.Held) claim(other);
    assertThat(after.term()).isGreaterThan(((Claim.Held) before).term());
    assertThat(claim(one)).isEqualTo(new Claim.Taken());
    expire();
    assertThat(((Claim.Held) claim(one)).term()).isGreaterThan(after.term());
  }
}
