package dev.cofferdam.router.placement.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.proto.routing.v1.AnnounceRequest;
import dev.cofferdam.proto.routing.v1.PlaceResponse;
import dev.cofferdam.proto.scheduling.v1.EnqueueResponse;
import dev.cofferdam.proto.scheduling.v1.Refused;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The way of one placement: planned, queued, granted or refused, and again. */
class PlacementTest extends RoutingCalls {
  @Test
  void aRefusalOfTheSchedulerIsRelayedAsItIs() throws Exception {
    announce("w1");
    Answers<PlaceResponse> answers = place(request("acme").build());
    Refused refused =
        Refused.newBuilder().setCode("queue_full").setMessage("full").setRetryAfterMs(7).build();
    Scheduler.Call call = scheduler.next();
    call.answers().onNext(EnqueueResponse.newBuilder().setRefused(refused).build());
    call.answers().onCompleted();
    assertThat(answers.place().getRefused()).isEqualTo(refused);
  }

  @Test
  void whatWaitedForAWorkerThatIsGoneGoesToOneThatCameMeanwhile() throws Exception {
    StreamObserver<AnnounceRequest> first = announce("w1");
    Answers<PlaceResponse> answers = place(request("acme").build());
    Scheduler.Call call = scheduler.next();
    announce("w2");
    first.onCompleted();
    awaitLive("w1", false);
    refuseForWantOfWorkers(call);
    Scheduler.Call again = scheduler.next();
    assertThat(again.request().getCandidatesList())
        .extracting(candidate -> candidate.getWorkerId())
        .containsExactly("w2");
    refuseForWantOfWorkers(again);
    assertThat(answers.place().getRefused().getCode()).isEqualTo("no_capacity");
    assertThat(scheduler.calls).isEmpty();
  }

  private static void refuseForWantOfWorkers(Scheduler.Call call) {
    call.answers()
        .onNext(
            EnqueueResponse.newBuilder()
                .setRefused(Refused.newBuilder().setCode("no_capacity"))
                .build());
    call.answers().onCompleted();
  }

  @Test
  void anUnknownTenantIsRefusedBeforeAnySchedulerHearsOfIt() throws Exception {
    announce("w1");
    assertThat(place(request("nobody").build()).place().getRefused().getCode())
        .isEqualTo("not_allowed");
    assertThat(scheduler.calls).isEmpty();
  }

  @Test
  void withoutALiveWorkerARequestWaitsAWhileAndIsThenRefused() throws Exception {
    assertThat(place(request("acme").build()).place().getRefused().getCode())
        .isEqualTo("no_capacity");
  }

  @Test
  void aWorkerThatComesInTimeIsUsed() throws Exception {
    Answers<PlaceResponse> answers = place(request("acme").build());
    announce("w1");
    Scheduler.Call call = scheduler.next();
    call.answers().onNext(granted());
    call.answers().onCompleted();
    assertThat(answers.place().hasGranted()).isTrue();
  }

  @Test
  void aWorkerThatFailedTheRequestIsTriedAgainWhereItIsAlone() throws Exception {
    announce("w1");
    place(request("acme").addExcludedWorkerIds("w1").build());
    assertThat(scheduler.next().request().getCandidates(0).getWorkerId()).isEqualTo("w1");
  }

  @Test
  void cancellingThePlacementWithdrawsTheRequest() throws Exception {
    announce("w1");
    Context.CancellableContext context = Context.current().withCancellation();
    context.run(() -> place(request("acme").build()));
    Scheduler.Call call = scheduler.next();
    context.cancel(null);
    assertThat(call.ends().poll(WAIT_S, TimeUnit.SECONDS)).isEqualTo("cancelled");
  }

  @Test
  void whatWaitsAtASchedulerThatDiesIsEnqueuedAtTheNextOne() throws Exception {
    announce("w1");
    Answers<PlaceResponse> answers = place(request("acme").build());
    scheduler.next();
    int port = schedulerServer.port();
    schedulerServer.close();
    schedulerServer = serveScheduler(port);
    Scheduler.Call again = scheduler.next();
    assertThat(again.request().getRequestId()).isEqualTo(REQUEST);
    again.answers().onNext(granted());
    again.answers().onCompleted();
    assertThat(answers.place().hasGranted()).isTrue();
  }
}
