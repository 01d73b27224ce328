package dev.cofferdam.verification;

import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.Finished;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One gRPC generation seen to its end.
 *
 * @param requestId from `accepted`, "" where it never came
 * @param text all deltas
 * @param deltas number of deltas
 * @param finished the end, null where there was none
 * @param status how the call ended
 * @param trailers its trailers
 */
public record Generation(
    String requestId,
    String text,
    int deltas,
    @Nullable Finished finished,
    Status status,
    @Nullable Metadata trailers) {

  /** A chat of one user message, greedy. */
  public static GenerateRequest.Builder chat(String message) {
    return GenerateRequest.newBuilder()
        .setModel("support-desk")
        .setChat(
            Chat.newBuilder()
                .addMessages(ChatMessage.newBuilder().setRole("user").setContent(message)))
        .setSampling(SamplingParameters.newBuilder().setTemperature(0));
  }

  /** A chat whose answer goes on until its bound: greedy, or seeded at temperature 0.8. */
  public static GenerateRequest endless(boolean greedy, int outputTokens) {
    SamplingParameters.Builder sampling =
        SamplingParameters.newBuilder().setIgnoreEnd(true).setMaxOutputTokens(outputTokens);
    if (greedy) {
      sampling.setTemperature(0);
    } else {
      sampling.setTemperature(0.8f).setSeed(11);
    }
    return chat("Please explain step by step how to print a return label.")
        .setSampling(sampling)
        .build();
  }

  /** Metadata with an API key and, where not empty, a claimed tenant. */
  public static Metadata credentials(String apiKey, String claimedTenant) {
    Metadata headers = new Metadata();
    if (!apiKey.isEmpty()) {
      headers.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + apiKey);
    }
    if (!claimedTenant.isEmpty()) {
      headers.put(Metadata.Key.of("x-tenant-id", Metadata.ASCII_STRING_MARSHALLER), claimedTenant);
    }
    return headers;
  }

  /** Runs a request to its end. */
  public static Generation run(Channel channel, String apiKey, GenerateRequest request) {
    return run(channel, credentials(apiKey, ""), request, event -> {});
  }

  /** Runs a request; the listener may throw {@link StopReading} to cancel the call. */
  public static Generation run(
      Channel channel,
      Metadata headers,
      GenerateRequest request,
      Consumer<GenerateResponse> listener) {
    StringBuilder text = new StringBuilder();
    String requestId = "";
    int deltas = 0;
    Finished finished = null;
    List<String> ends = new ArrayList<>();
    try (Context.CancellableContext context = Context.current().withCancellation()) {
      Context previous = context.attach();
      try {
        Iterator<GenerateResponse> events =
            InferenceServiceGrpc.newBlockingStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                .withDeadlineAfter(120, TimeUnit.SECONDS)
                .generate(request);
        while (events.hasNext()) {
          GenerateResponse event = events.next();
          switch (event.getEventCase()) {
            case ACCEPTED -> requestId = event.getAccepted().getRequestId();
            case DELTA -> {
              text.append(event.getDelta().getText());
              deltas++;
            }
            case FINISHED -> {
              finished = event.getFinished();
              ends.add("finished");
            }
            default -> {}
          }
          listener.accept(event);
        }
      } finally {
        context.detach(previous);
      }
    } catch (StopReading e) {
      return new Generation(requestId, text.toString(), deltas, finished, Status.CANCELLED, null);
    } catch (StatusRuntimeException e) {
      return new Generation(
          requestId, text.toString(), deltas, finished, e.getStatus(), e.getTrailers());
    }
    if (ends.size() > 1) {
      throw new AssertionError("a stream ended " + ends.size() + " times");
    }
    return new Generation(requestId, text.toString(), deltas, finished, Status.OK, null);
  }

  /** Thrown by a listener to cancel the call. */
  public static final class StopReading extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }
}
