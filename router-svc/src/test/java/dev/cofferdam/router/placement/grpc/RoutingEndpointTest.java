package dev.cofferdam.router.placement.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.mesh.OnBehalf;
import dev.cofferdam.proto.routing.v1.AnnounceRequest;
import dev.cofferdam.proto.routing.v1.AnnounceResponse;
import dev.cofferdam.proto.routing.v1.DescribeFleetRequest;
import dev.cofferdam.proto.routing.v1.ExplainRequest;
import dev.cofferdam.proto.routing.v1.ExplainResponse;
import dev.cofferdam.proto.routing.v1.PlaceResponse;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.proto.routing.v1.WorkerIdentity;
import dev.cofferdam.proto.scheduling.v1.EnqueueResponse;
import dev.cofferdam.proto.scheduling.v1.Granted;
import dev.cofferdam.proto.scheduling.v1.Queued;
import dev.cofferdam.router.signals.PoolSignals;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.Tier;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Who may ask the router what, and how it explains what it did. */
class RoutingEndpointTest extends RoutingCalls {
  private static final DescribeFleetRequest FLEET = DescribeFleetRequest.getDefaultInstance();

  @Test
  void aGrantIsRelayedWithTheReasonsForItsWorkerAndCanBeExplainedAfterwards() throws Exception {
    announce("w1");
    Answers<PlaceResponse> answers = place(request("acme").build());
    Scheduler.Call call = scheduler.next();
    assertThat(call.request().getTier()).isEqualTo("standard");
    assertThat(call.request().getRunningMax())
        .isEqualTo(Tier.STANDARD.limits().concurrentRequests());
    assertThat(call.request().getCandidates(0).getWorkerId()).isEqualTo("w1");
    assertThat(counting.signals.all(0))
        .containsExactly(Map.entry("shared", new PoolSignals.Signals(1, 100, 0)));
    call.answers()
        .onNext(EnqueueResponse.newBuilder().setQueued(Queued.newBuilder().setPosition(4)).build());
    call.answers().onNext(granted());
    call.answers().onCompleted();
    assertThat(answers.place().getQueued().getPosition()).isEqualTo(4);
    Granted grant = answers.place().getGranted();
    assertThat(grant.getExplanationList()).anyMatch(line -> line.startsWith("load "));
    assertThat(answers.next()).isEqualTo("completed");
    assertThat(counting.signals.all(0))
        .containsExactly(Map.entry("shared", new PoolSignals.Signals(0, 0, 0)));
    assertThat(explanations.of(new RequestId(REQUEST)).orElseThrow().workerId()).isEqualTo("w1");
    ExplainResponse explained = explain(REQUEST);
    assertThat(explained.getWorkerId()).isEqualTo("w1");
    assertThat(explained.getWorkers(0).getLinesList()).isEqualTo(grant.getExplanationList());
    assertThat(explained.getWorkers(0).getScore()).isBetween(0.0, 1.0);
  }

  @Test
  void aRequestThatThisRouterDidNotPlaceIsExplainedByNobodyAndNotToAGateway() {
    for (String unknown : List.of("0000000000000000000000000000002b", "nonsense")) {
      assertThatThrownBy(() -> explain(unknown)).hasMessageContaining("NOT_FOUND");
    }
    var ofGateway =
        RoutingServiceGrpc.newBlockingStub(
            gateway.to("127.0.0.1:" + server.port(), SpiffeId.Role.ROUTER));
    assertThatThrownBy(() -> ofGateway.explain(ExplainRequest.getDefaultInstance()))
        .hasMessageContaining("PERMISSION_DENIED");
  }

  @Test
  void aGatewayAsksForAReaderAndTenantsSeeTheirOwnPlacementsAndNoFleet() throws Exception {
    announce("w1");
    Answers<PlaceResponse> answers = place(request("acme").build());
    scheduler.next().answers().onNext(granted());
    answers.place();
    assertThat(inTheNameOf("operator/ops").describeFleet(FLEET).getWorkersList())
        .singleElement()
        .satisfies(w -> assertThat(w.getIdentity().getWorkerId()).isEqualTo("w1"));
    assertThat(inTheNameOf("operator/ops").describeFleet(FLEET).getPools(0).getPool())
        .isEqualTo("shared");
    ExplainRequest asked = ExplainRequest.newBuilder().setRequestId(REQUEST).build();
    assertThat(inTheNameOf("operator/ops").explain(asked).getWorkerId()).isEqualTo("w1");
    assertThat(inTheNameOf("tenant/acme").explain(asked).getWorkerId()).isEqualTo("w1");
    assertThatThrownBy(() -> inTheNameOf("tenant/other").explain(asked))
        .hasMessageContaining("NOT_FOUND");
    assertThatThrownBy(() -> inTheNameOf("tenant/acme").describeFleet(FLEET))
        .hasMessageContaining("PERMISSION_DENIED");
  }

  private RoutingServiceGrpc.RoutingServiceBlockingStub inTheNameOf(String reader) {
    return RoutingServiceGrpc.newBlockingStub(
            gateway.to("127.0.0.1:" + server.port(), SpiffeId.Role.ROUTER))
        .withInterceptors(OnBehalf.of(SpiffeId.parse(id(reader)).orElseThrow()))
        .withDeadlineAfter(WAIT_S, TimeUnit.SECONDS);
  }

  private ExplainResponse explain(String id) {
    return RoutingServiceGrpc.newBlockingStub(
            operator.to("127.0.0.1:" + server.port(), SpiffeId.Role.ROUTER))
        .withDeadlineAfter(WAIT_S, TimeUnit.SECONDS)
        .explain(ExplainRequest.newBuilder().setRequestId(id).build());
  }

  @Test
  void aWorkerThatAnnouncesAnothersNameIsRefused() throws Exception {
    Answers<AnnounceResponse> answers = new Answers<>();
    router(worker)
        .announce(answers)
        .onNext(
            AnnounceRequest.newBuilder()
                .setIdentity(
                    WorkerIdentity.newBuilder()
                        .setWorkerId("w2")
                        .setPool("shared")
                        .setBlockTokens(16))
                .build());
    assertThat(answers.next()).isEqualTo(ErrorCode.CALL_NOT_ALLOWED);
  }
}
