package dev.cofferdam.router.placement.grpc;

import dev.cofferdam.proto.routing.v1.AnnounceRequest;
import dev.cofferdam.proto.routing.v1.AnnounceResponse;
import dev.cofferdam.proto.routing.v1.PlaceRequest;
import dev.cofferdam.proto.routing.v1.PlaceResponse;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.router.fleet.grpc.Announcements;
import dev.cofferdam.router.routing.Envelope;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** The router's service: placements of gateways, announcements of workers. */
public final class RoutingEndpoint extends RoutingServiceGrpc.RoutingServiceImplBase {
  private final Surroundings around;
  private final Announcements announcements;

  public RoutingEndpoint(Surroundings around, Announcements announcements) {
    this.around = around;
    this.announcements = announcements;
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
}
