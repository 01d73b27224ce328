package dev.cofferdam.gateway.quota.redis;

import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import io.vertx.redis.client.ResponseType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs scripts in Redis by their digest, and by their text where Redis does not know them (after a
 * restart). Needs Redis 6.2 or Valkey. Never blocks; every answer comes within the timeout, on an
 * event loop, or fails; time for which that loop was busy with other things does not count.
 */
final class RedisScripts {
  private static final int LOOKS = 5;

  private final Redis redis;
  private final long timeoutMs;

  RedisScripts(Redis redis, long timeoutMs) {
    this.redis = redis;
    this.timeoutMs = timeoutMs;
  }

  /** The numbers that a script answers. */
  CompletionStage<List<Long>> run(Script script, List<String> keys, List<String> arguments) {
    CompletableFuture<List<Long>> answer = new CompletableFuture<>();
    send(request(Command.EVALSHA, script.sha1(), keys, arguments))
        .onComplete(
            first -> {
              if (first.failed() && isUnknown(first.cause())) {
                send(request(Command.EVAL, script.source(), keys, arguments))
                    .onComplete(second -> complete(answer, second));
              } else {
                complete(answer, first);
              }
            });
    return answer;
  }

  private static boolean isUnknown(Throwable failure) {
    return String.valueOf(failure.getMessage()).startsWith("NOSCRIPT");
  }

  private static void complete(CompletableFuture<List<Long>> answer, AsyncResult<Response> result) {
    if (result.failed()) {
      answer.completeExceptionally(result.cause());
      return;
    }
    try {
      answer.complete(numbers(result.result()));
    } catch (RuntimeException unexpected) {
      answer.completeExceptionally(unexpected);
    }
  }

  /** Completes where Redis answers. */
  CompletionStage<Void> ping() {
    return send(Request.cmd(Command.PING)).<Void>mapEmpty().toCompletionStage();
  }

  private Future<Response> send(Request request) {
    try {
      return awaited(redis.send(request), LOOKS);
    } catch (RuntimeException e) {
      return Future.failedFuture(e);
    }
  }

  /**
   * A loop that was busy for longer than the timeout runs its timers before it reads what has come
   * in the meantime, and may have sent the command just now. So the timeout is cut into looks, and
   * between two of them a loop reads its connections: Redis is late when all of them saw nothing.
   */
  private Future<Response> awaited(Future<Response> answer, int looks) {
    return answer
        .timeout(Math.max(1, timeoutMs / LOOKS), TimeUnit.MILLISECONDS)
        .recover(
            failure ->
                failure instanceof TimeoutException && looks > 1
                    ? awaited(answer, looks - 1)
                    : Future.failedFuture(failure));
  }

  private static Request request(
      Command command, String script, List<String> keys, List<String> arguments) {
    Request request = Request.cmd(command).arg(script).arg(keys.size());
    keys.forEach(request::arg);
    arguments.forEach(request::arg);
    return request;
  }

  private static List<Long> numbers(Response response) {
    if (response.type() != ResponseType.MULTI) {
      return List.of(response.toLong());
    }
    List<Long> numbers = new ArrayList<>(response.size());
    for (Response number : response) {
      numbers.add(number.toLong());
    }
    return numbers;
  }
}
