package dev.cofferdam.gateway.responses.redis;

import dev.cofferdam.gateway.responses.ResponseStore;
import dev.cofferdam.vocabulary.TenantId;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** Places as keys of Redis, those of a tenant in one hash slot of a cluster. Never blocks. */
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
  public CompletionStage<List<byte[]>> get(TenantId tenant, Shelf shelf, int first, int places) {
    Request request = Request.cmd(Command.MGET);
    for (int place = first; place < first + places; place++) {
      request.arg(key(tenant, shelf, place));
    }
    return send(request)
        .map(found -> found.stream().filter(Objects::nonNull).map(Response::toBytes).toList())
        .toCompletionStage();
  }

  @Override
  public void put(TenantId tenant, Shelf shelf, int place, byte[] content, int seconds) {
    var unused =
        send(
            Request.cmd(Command.SET)
                .arg(key(tenant, shelf, place))
                .arg(Buffer.buffer(content))
                .arg("EX")
                .arg(seconds));
  }

  @Override
  public CompletionStage<Void> erase(TenantId tenant) {
    Request request = Request.cmd(Command.UNLINK);
    for (Shelf shelf : Shelf.values()) {
      for (int place = 0; place < PLACES; place++) {
        request.arg(key(tenant, shelf, place));
      }
    }
    return send(request).<Void>mapEmpty().toCompletionStage();
  }

  private Future<Response> send(Request request) {
    try {
      return redis.send(request).timeout(timeoutMs, TimeUnit.MILLISECONDS);
    } catch (RuntimeException e) {
      return Future.failedFuture(e);
    }
  }

  private static String key(TenantId tenant, Shelf shelf, int place) {
    String kind =
        switch (shelf) {
          case ANSWERS -> "response";
          case QUESTIONS -> "question";
        };
    return "cofferdam:" + kind + ":{" + tenant + "}:" + place;
  }
}
