package dev.cofferdam.verification.bench.gateway;

import com.google.protobuf.ByteString;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.ParentWatch;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.routing.v1.PlaceRequest;
import dev.cofferdam.proto.routing.v1.PlaceResponse;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.proto.scheduling.v1.Grant;
import dev.cofferdam.proto.scheduling.v1.Granted;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Router, worker and an HTTP server in one process, which answer at once or at a pace: what the
 * gateway and the bare proxy are measured over. No part of the product.
 *
 * <p>Arguments: port, certificate and key of the router, then of the worker; authority; HTTP port.
 */
public final class MockUpstream {
  private static final String TRUST_DOMAIN = "cofferdam.local";
  private static final int STREAMS_MAX = 10_000;

  private MockUpstream() {}

  /** Runs it until its parent ends. */
  public static void main(String[] args) throws IOException {
    ParentWatch.startIfAsked();
    Path trust = Path.of(args[6]);
    String worker = "127.0.0.1:" + args[3];
    MeshServer router =
        MeshServer.builder(TRUST_DOMAIN, new TlsFiles(Path.of(args[1]), Path.of(args[2]), trust))
            .listen("127.0.0.1", Integer.parseInt(args[0]))
            .streamsMax(STREAMS_MAX)
            .service(new Router(worker))
            .start();
    MeshServer workers =
        MeshServer.builder(TRUST_DOMAIN, new TlsFiles(Path.of(args[4]), Path.of(args[5]), trust))
            .listen("127.0.0.1", Integer.parseInt(args[3]))
            .streamsMax(STREAMS_MAX)
            .service(new MockWorker())
            .start();
    MockHttp.start(Integer.parseInt(args[7]));
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  router.close();
                  workers.close();
                }));
    System.out.println("ready");
  }

  /** Places every request on the one worker, in as many words as the real one. */
  private static final class Router extends RoutingServiceGrpc.RoutingServiceImplBase {
    private final PlaceResponse granted;

    Router(String worker) {
      granted =
          PlaceResponse.newBuilder()
              .setGranted(
                  Granted.newBuilder()
                      .setGrant(
                          Grant.newBuilder()
                              .setClaims(ByteString.copyFrom(new byte[160]))
                              .setKeyId("0123456789abcdef")
                              .setMac(ByteString.copyFrom(new byte[32])))
                      .setWorkerId("worker-1")
                      .setEndpoint(worker)
                      .setPool("shared")
                      .addAllExplanation(
                          List.of(
                              "prefix 0.00 ×3.0 0 of 180 tokens",
                              "load 1.00 ×2.0 0 of 16 slots, 100 % of the blocks free",
                              "tenant 0.00 ×0.5 served elsewhere last")))
              .build();
    }

    @Override
    public void place(PlaceRequest request, StreamObserver<PlaceResponse> answer) {
      answer.onNext(granted);
      answer.onCompleted();
    }
  }
}
