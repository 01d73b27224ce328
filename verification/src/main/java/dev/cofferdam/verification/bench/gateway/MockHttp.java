package dev.cofferdam.verification.bench.gateway;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;

/** What a bare proxy is put in front of: chat completions of the gateway's size. */
final class MockHttp {
  private static final String ID = "chatcmpl-0123456789abcdef0123456789abcdef";
  private static final Buffer WHOLE =
      Buffer.buffer(
          "{\"id\":\""
              + ID
              + "\",\"object\":\"chat.completion\",\"created\":1750000000,\"model\":\"support-desk\","
              + "\"system_fingerprint\":null,\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
              + "\"content\":\" your order has to the and label print you can return please your order has to\","
              + "\"refusal\":null,\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"length\"}],"
              + "\"usage\":{\"prompt_tokens\":180,\"completion_tokens\":16,\"total_tokens\":196}}");
  private static final Buffer CHUNK =
      Buffer.buffer(
          "data: {\"id\":\""
              + ID
              + "\",\"object\":\"chat.completion.chunk\",\"created\":1750000000,"
              + "\"model\":\"support-desk\",\"system_fingerprint\":null,\"choices\":[{\"index\":0,"
              + "\"delta\":{\"content\":\" order\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n");
  private static final Buffer DONE = Buffer.buffer("data: [DONE]\n\n");

  private MockHttp() {}

  static void start(int port) {
    Vertx vertx = Vertx.vertx();
    var unused =
        vertx
            .createHttpServer()
            .requestHandler(request -> request.body().onSuccess(b -> answer(vertx, request, b)))
            .listen(port, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .join();
  }

  private static void answer(Vertx vertx, HttpServerRequest request, Buffer body) {
    HttpServerResponse response = request.response();
    if (!body.toString().contains("\"stream\":true")) {
      var unused = response.putHeader("content-type", "application/json").end(WHOLE);
      return;
    }
    response.setChunked(true).putHeader("content-type", "text/event-stream");
    int[] sent = {0};
    vertx.setPeriodic(
        Workload.PACE_MS,
        timer -> {
          if (response.closed()) {
            vertx.cancelTimer(timer);
          } else if (sent[0]++ < Workload.STREAM_TOKENS) {
            var unused = response.write(CHUNK);
          } else {
            vertx.cancelTimer(timer);
            var unused = response.end(DONE);
          }
        });
  }
}
