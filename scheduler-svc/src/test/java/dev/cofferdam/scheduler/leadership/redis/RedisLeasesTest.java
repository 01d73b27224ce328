package dev.cofferdam.scheduler.leadership.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.mesh.redis.RedisProcess;
import dev.cofferdam.scheduler.leadership.PoolLeases.Claim;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.Request;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RedisLeasesTest {
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

  private static Claim claim(RedisLeases leases) {
    return leases.claim("shared").toCompletableFuture().join();
  }

  private void expire() {
    run(Request.cmd(Command.DEL).arg("cofferdam:scheduler:{shared}:lease"));
  }

  private void run(Request request) {
    redis.send(request).toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void aLeaseHasOneHolderAndOneTermWhileItLasts() {
    Claim first = claim(one);
    assertThat(first).isInstanceOf(Claim.Held.class);
    assertThat(claim(other)).isEqualTo(new Claim.Taken());
    assertThat(claim(one)).isEqualTo(first);
  }

  @Test
  void theNextHolderHasALargerTerm() {
    long before = ((Claim.Held) claim(one)).term();
    expire();
    long after = ((Claim.Held) claim(other)).term();
    assertThat(after).isGreaterThan(before);
    assertThat(claim(one)).isEqualTo(new Claim.Taken());
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

  @Test
  void aLeaseThatIsGivenBackIsTheNextOnesAtOnceAndNobodyGivesBackAnothers() {
    claim(one);
    other.release("shared");
    assertThat(claim(other)).isEqualTo(new Claim.Taken());
    one.release("shared");
    assertThat(claim(other)).isInstanceOf(Claim.Held.class);
  }

  @Test
  void withoutRedisAClaimFails() {
    process.close();
    assertThatThrownBy(() -> claim(one)).hasCauseInstanceOf(Exception.class);
  }
}
