package dev.cofferdam.router.placement.grpc;

import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.OnBehalf;
import dev.cofferdam.proto.routing.v1.AnnounceRequest;
import dev.cofferdam.proto.routing.v1.AnnounceResponse;
import dev.cofferdam.proto.routing.v1.DescribeFleetRequest;
import dev.cofferdam.proto.routing.v1.DescribeFleetResponse;
import dev.cofferdam.proto.routing.v1.ExplainRequest;
import dev.cofferdam.proto.routing.v1.ExplainResponse;
import dev.cofferdam.proto.routing.v1.ExplainedWorker;
import dev.cofferdam.proto.routing.v1.LeftOutWorker;
import dev.cofferdam.proto.routing.v1.PlaceRequest;
import dev.cofferdam.proto.routing.v1.PlaceResponse;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.router.fleet.grpc.Announcements;
import dev.cofferdam.router.placement.Explanations;
import dev.cofferdam.router.routing.Envelope;
import dev.cofferdam.router.signals.PoolSignals.Signals;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongFunction;

/** The router's service: placements of gateways, announcements of workers, operators' questions. */
public final class RoutingEndpoint extends RoutingServiceGrpc.RoutingServiceImplBase {
  private final Surroundings around;
  private final Announcements announcements;
  private final LongFunction<Map<String, Signals>> signals;

  /**
   * @param signals what waits for each pool, by the time in milliseconds since the epoch
   */
  public RoutingEndpoint(
      Surroundings around,
      Announcements announcements,
      LongFunction<Map<String, Signals>> signals) {
    this.around = around;
    this.announcements = announcements;
    this.signals = signals;
  }

  @Override
  public void place(PlaceRequest request, StreamObserver<PlaceResponse> observer) {
    Envelope envelope = Envelopes.read(request);
    new Placement(around, envelope, (ServerCallStreamObserver<PlaceResponse>) observer).start();
  }

  @Override
  public StreamObserver<AnnounceRequest> announce(StreamObserver<AnnounceResponse> observer) {
    return announcements.open(observer);
  }

  @Override
  public void explain(ExplainRequest request, StreamObserver<ExplainResponse> observer) {
    SpiffeId reader = reader();
    var explanation =
        RequestId.isValid(request.getRequestId())
            ? around
                .explanations()
                .of(new RequestId(request.getRequestId()))
                .filter(found -> reader.tenant().map(found.tenant()::equals).orElse(true))
            : Optional.<Explanations.Explanation>empty();
    if (explanation.isEmpty()) {
      throw Refusal.of(ErrorCode.NOT_FOUND, "this router placed no such request lately")
          .asException();
    }
    observer.onNext(response(explanation.get()));
    observer.onCompleted();
  }

  /** For whom a gateway reads, which must say so; an operator that calls reads for itself. */
  private static SpiffeId reader() {
    Caller caller = Caller.current();
    Optional<SpiffeId> reader =
        caller.role() == SpiffeId.Role.GATEWAY ? OnBehalf.reader() : caller.id();
    return reader.orElseThrow(
        () ->
            Refusal.of(ErrorCode.CALL_NOT_ALLOWED, "a gateway reads for a reader that it names")
                .asException());
  }

  @Override
  public void describeFleet(
      DescribeFleetRequest request, StreamObserver<DescribeFleetResponse> observer) {
    if (reader().role() != SpiffeId.Role.OPERATOR) {
      throw Refusal.of(ErrorCode.CALL_NOT_ALLOWED, "the fleet is shown to operators").asException();
    }
    long nowMs = around.clock().millis();
    observer.onNext(FleetMessages.of(around.fleet().live(nowMs), signals.apply(nowMs)));
    observer.onCompleted();
  }

  private static ExplainResponse response(Explanations.Explanation explanation) {
    return ExplainResponse.newBuilder()
        .setAttempt(explanation.attempt())
        .setTenant(explanation.tenant().value())
        .setPool(explanation.pool())
        .setWorkerId(explanation.workerId())
        .setAdapterVersion(explanation.adapterVersion())
        .setQueueWaitMs(explanation.queueWaitMs())
        .setWorkersOffered(explanation.workersOffered())
        .addAllWorkers(
            explanation.workers().stream()
                .map(
                    worker ->
                        ExplainedWorker.newBuilder()
                            .setWorkerId(worker.workerId())
                            .setScore(worker.score())
                            .addAllLines(worker.lines())
                            .build())
                .toList())
        .addAllLeftOut(
            explanation.leftOut().stream()
                .map(
                    worker ->
                        LeftOutWorker.newBuilder()
                            .setWorkerId(worker.workerId())
                            .setReason(worker.text())
                            .build())
                .toList())
        .build();
  }
}
