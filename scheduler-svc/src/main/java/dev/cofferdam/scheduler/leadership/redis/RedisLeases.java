package dev.cofferdam.scheduler.leadership.redis;

import dev.cofferdam.scheduler.leadership.PoolLeases;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Leases as keys of a Redis that expire by its own clock. A term is Redis' time in milliseconds
 * when the holder changed, or one more than the term before where that is not less: it rises also
 * after a Redis that lost its data. Needs Redis 6.2 or Valkey.
 */
public final class RedisLeases implements PoolLeases {
  private static final long TIMEOUT_MS = 400;

  /**
   * Keys: the holder, the last term. Arguments: who asks, milliseconds, the term in which it held
   * the lease last. Where nobody else has held it since, that term goes on: also after a Redis that
   * lost its data.
   */
  private static final String CLAIM =
      """
      local holder = redis.call('GET', KEYS[1])
      if holder == ARGV[1] then
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return tonumber(redis.call('GET', KEYS[2]) or '0')
      end
      if holder then
        return 0
      end
      local last = tonumber(redis.call('GET', KEYS[2]) or '0')
      local term = tonumber(ARGV[3])
      if term == 0 or term < last then
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        term = math.max(now, last + 1)
      end
      redis.call('SET', KEYS[2], string.format('%.0f', term))
      redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
      return term
      """;

  private static final String RELEASE =
      """
      if redis.call('GET', KEYS[1]) == ARGV[1] then
        return redis.call('DEL', KEYS[1])
      end
      return 0
      """;

  private final Redis redis;
  private final String holder;
  private final long lifeMs;
  private final Map<String, Long> terms = new ConcurrentHashMap<>();

  /**
   * @param holder this process, unlike any other and any former one
   * @param lifeMs how long a lease lasts after the last claim
   */
  public RedisLeases(Redis redis, String holder, long lifeMs) {
    this.redis = redis;
    this.holder = holder;
    this.lifeMs = lifeMs;
  }

  @Override
  public CompletionStage<Claim> claim(String pool) {
    Request request =
        Request.cmd(Command.EVAL)
            .arg(CLAIM)
            .arg(2)
            .arg(key(pool))
            .arg(key(pool) + ":term")
            .arg(holder)
            .arg(lifeMs)
            .arg(terms.getOrDefault(pool, 0L));
    return redis
        .send(request)
        .timeout(TIMEOUT_MS, TimeUnit.MILLISECONDS)
        .map(Response::toLong)
        .map(term -> claimed(pool, term))
        .toCompletionStage();
  }

  private Claim claimed(String pool, long term) {
    if (term == 0) {
      terms.remove(pool);
      return new Claim.Taken();
    }
    terms.put(pool, term);
    return new Claim.Held(term);
  }

  @Override
  public void release(String pool) {
    terms.remove(pool);
    var unused =
        redis.send(Request.cmd(Command.EVAL).arg(RELEASE).arg(1).arg(key(pool)).arg(holder));
  }

  /** Both keys of a pool are in one slot of a cluster. */
  private static String key(String pool) {
    return "cofferdam:scheduler:{" + pool + "}:lease";
  }
}
