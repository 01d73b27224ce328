package dev.cofferdam.verification.bench.gateway;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.proto.routing.v1.Envelope;
import dev.cofferdam.proto.routing.v1.PlaceRequest;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.proto.scheduling.v1.Grant;
import dev.cofferdam.proto.worker.v1.GenerateRequest;
import dev.cofferdam.proto.worker.v1.GenerateResponse;
import dev.cofferdam.proto.worker.v1.Sampling;
import dev.cofferdam.proto.worker.v1.WorkerServiceGrpc;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;

/** What the gateway does behind its back: asks a router, then a worker, with its identity. */
public final class UpstreamLane implements Lane {
  private static final long MINUTE_MS = 60_000;

  private final MeshChannels channels;
  private final RoutingServiceGrpc.RoutingServiceBlockingStub router;
  private final List<Integer> prompt;
  private final String tenant;
  private final int outputTokens;

  /**
   * @param channels of the gateway's identity; stay the caller's
   * @param router host:port
   * @param promptTokens tokens of the input
   */
  public UpstreamLane(
      MeshChannels channels, String router, String tenant, int promptTokens, int outputTokens) {
    this.channels = channels;
    this.router = RoutingServiceGrpc.newBlockingStub(channels.to(router, SpiffeId.Role.ROUTER));
    this.prompt =
        IntStream.range(0, promptTokens)
            .mapToObj(i -> Workload.TOKENS[i % Workload.TOKENS.length])
            .toList();
    this.tenant = tenant;
    this.outputTokens = outputTokens;
  }

  /**
   * A worker's grant.
   *
   * @param endpoint host:port of the worker
   */
  public record Placed(String endpoint, Grant grant) {}

  @Override
  public void ask() throws IOException {
    generate(place());
  }

  /** Has a request placed. */
  public Placed place() throws IOException {
    Envelope envelope =
        Envelope.newBuilder()
            .setRequestId(RequestId.random().value())
            .setAttempt(1)
            .setTenant(tenant)
            .setModel("support-desk")
            .setWorkloadClass(WorkloadClass.WORKLOAD_CLASS_INTERACTIVE)
            .setPromptTokens(prompt.size())
            .setOutputTokensMax(outputTokens)
            .setDeadlineEpochMs(System.currentTimeMillis() + MINUTE_MS)
            .build();
    Placed[] placed = new Placed[1];
    router
        .place(PlaceRequest.newBuilder().setEnvelope(envelope).build())
        .forEachRemaining(
            answer -> {
              if (answer.hasGranted()) {
                placed[0] =
                    new Placed(answer.getGranted().getEndpoint(), answer.getGranted().getGrant());
              }
            });
    if (placed[0] == null) {
      throw new IOException("the request was not placed");
    }
    return placed[0];
  }

  /** Runs a placed request on its worker. */
  public void generate(Placed placed) {
    Iterator<GenerateResponse> answers =
        WorkerServiceGrpc.newBlockingStub(channels.to(placed.endpoint(), SpiffeId.Role.WORKER))
            .generate(
                GenerateRequest.newBuilder()
                    .setGrant(placed.grant())
                    .addAllTokenIds(prompt)
                    .setSampling(Sampling.newBuilder().setTemperature(0).setTopP(1))
                    .build());
    answers.forEachRemaining(answer -> {});
  }

  @Override
  public void close() {}
}
