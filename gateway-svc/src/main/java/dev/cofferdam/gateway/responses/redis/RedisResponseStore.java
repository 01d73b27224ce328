package dev.cofferdam.gateway.responses.redis;

import dev.cofferdam.gateway.responses.ResponseStore;
import dev.cofferdam.vocabulary.TenantId;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** Slots as keys of Redis, those of a tenant in one hash slot of a cluster. Never blocks. */
public final class RedisResponseStore implements ResponseStore {
  private final Redis redis;
  private final long timeoutMs;

  /**
   * @param timeoutMs longest wait for an answer; a slow store is as good as none
   */
  public RedisResponseStore(Redis redis, long timeoutMs) {
    this.redis = redis;
    this.timeoutMs = timeoutMs;
  }

  @Override
  public CompletionStage<Optional<byte[]>> get(TenantId tenant, int slot) {
    return send(Request.cmd(Command.GET).arg(key(tenant, slot)))
        .map(found -> Optional.ofNullable(found).map(Response::toBytes))
        .toCompletionStage();
  }

  @Override
  public void put(TenantId tenant, int slot, byte[] content, int seconds) {
    var unused =
        send(
            Request.cmd(Command.SET)
                .arg(key(tenant, slot))
                .arg(Buffer.buffer(content))
                .arg("EX")
                .arg(seconds));
  }

  private Future<Response> send(Request request) {
    try {
      return redis.send(request).timeout(timeoutMs, TimeUnit.MILLISECONDS);
    } catch (RuntimeException e) {
      return Future.failedFuture(e);
    }
  }

  private static String key(TenantId tenant, int slot) {
    return "cofferdam:response:{" + tenant + "}:" + slot;
  }
}
