package dev.cofferdam.verification.fairness;

import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc.InferenceServiceStub;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** Sends a tenant's requests whether earlier ones are answered or not. One thread at a time. */
final class Client {
  private static final long SECOND_NS = 1_000_000_000;
  private static final long DEADLINE_S = 90;

  private final List<InferenceServiceStub> stubs;
  private final SplittableRandom random;
  private final int outputTokens;
  private int next;

  /**
   * @param channels connections to the gateway, taken in turn
   * @param outputTokens of each request
   */
  Client(List<ManagedChannel> channels, String apiKey, int outputTokens, long seed) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + apiKey);
    this.stubs =
        channels.stream()
            .map(
                channel ->
                    InferenceServiceGrpc.newStub(channel)
                        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers)))
            .toList();
    this.outputTokens = outputTokens;
    this.random = new SplittableRandom(seed);
  }

  /** Sends one request. */
  Call send() {
    Call call = new Call(outputTokens);
    next = (next + 1) % stubs.size();
    stubs.get(next).withDeadlineAfter(DEADLINE_S, TimeUnit.SECONDS).generate(request(), call);
    return call;
  }

  /** Sends requests for some seconds, with exponential gaps between them. */
  List<Call> send(double ratePerSecond, double seconds) throws InterruptedException {
    List<Call> calls = new ArrayList<>();
    long start = System.nanoTime();
    double at = 0;
    while (true) {
      at += -Math.log(1 - random.nextDouble()) / ratePerSecond;
      if (at > seconds) {
        return calls;
      }
      long waitNs = start + (long) (at * SECOND_NS) - System.nanoTime();
      if (waitNs > 0) {
        TimeUnit.NANOSECONDS.sleep(waitNs);
      }
      calls.add(send());
    }
  }

  /** Begins as no other does, so that no cache shortens it. */
  private GenerateRequest request() {
    String question =
        "Ticket %s: please explain step by step how to print a return label."
            .formatted(Long.toString(random.nextLong() >>> 1, 36));
    return GenerateRequest.newBuilder()
        .setModel("support-desk")
        .setChat(
            Chat.newBuilder()
                .addMessages(ChatMessage.newBuilder().setRole("user").setContent(question)))
        .setSampling(
            SamplingParameters.newBuilder()
                .setTemperature(0)
                .setIgnoreEnd(true)
                .setMaxOutputTokens(outputTokens))
        .build();
  }
}
