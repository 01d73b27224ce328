package dev.cofferdam.worker.serving.grpc;

import static dev.cofferdam.worker.serving.grpc.ServingHarness.claims;
import static dev.cofferdam.worker.serving.grpc.ServingHarness.grant;
import static dev.cofferdam.worker.serving.grpc.ServingHarness.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.proto.scheduling.v1.Grant;
import dev.cofferdam.proto.scheduling.v1.GrantClaims;
import dev.cofferdam.proto.scheduling.v1.Operation;
import dev.cofferdam.proto.worker.v1.DrainRequest;
import dev.cofferdam.proto.worker.v1.EraseRequest;
import dev.cofferdam.proto.worker.v1.FinishRequest;
import dev.cofferdam.proto.worker.v1.GenerateRequest;
import dev.cofferdam.proto.worker.v1.GenerateResponse;
import dev.cofferdam.proto.worker.v1.StopCause;
import dev.cofferdam.proto.worker.v1.WorkerServiceGrpc;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.GrantSeal;
import dev.cofferdam.wire.Statuses;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.FakeExecutor;
import dev.cofferdam.worker.batching.SequenceId;
import dev.cofferdam.worker.usage.AttemptRecord;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerEndpointTest {
  @TempDir Path folder;
  private ServingHarness worker;

  @BeforeEach
  void start() {
    worker = new ServingHarness(folder);
  }

  @AfterEach
  void stop() throws Exception {
    worker.close();
  }

  private List<GenerateResponse> generate(GenerateRequest request) {
    List<GenerateResponse> responses = new ArrayList<>();
    worker.blocking().generate(request).forEachRemaining(responses::add);
    return responses;
  }

  private static List<Integer> tokens(List<GenerateResponse> responses) {
    return responses.stream().flatMap(r -> r.getTokens().getTokenIdsList().stream()).toList();
  }

  private ErrorCode refusal(GenerateRequest request) {
    Throwable failure = catchThrowable(() -> generate(request));
    assertThat(failure).as("a refusal").isNotNull();
    return Statuses.toRefusal(failure).code();
  }

  @Test
  void aGrantedRequestStreamsFromStartToFinish() throws Exception {
    List<GenerateResponse> responses = generate(request(10, 20, c -> c));

    assertThat(responses.getFirst().hasStarted()).isTrue();
    assertThat(responses.getLast().getFinished().getCause()).isEqualTo(StopCause.STOP_CAUSE_LENGTH);
    assertThat(tokens(responses)).hasSize(20);
    AttemptRecord usage = worker.awaitUsage();
    assertThat(usage.cause()).isEqualTo(EndCause.LENGTH);
    assertThat(usage.promptTokensBilled()).isEqualTo(10);
    assertThat(usage.outputTokensDelivered()).isEqualTo(20);
    assertThat(usage.outputTokensBilled()).isEqualTo(20);
    assertThat(usage.usage().computeNs()).isPositive();
    assertThat(responses.getLast().getFinished().getUsage().getKvBlocksAllocated()).isEqualTo(8);
  }

  @Test
  void aShadowGeneratesLikeAnyRequestAndIsBilledToNobody() throws Exception {
    List<GenerateResponse> responses =
        generate(request(10, 20, c -> c.setOperation(Operation.OPERATION_SHADOW)));

    assertThat(tokens(responses)).hasSize(20);
    AttemptRecord usage = worker.awaitUsage();
    assertThat(usage.promptTokensBilled()).isZero();
    assertThat(usage.cachedPromptTokensBilled()).isZero();
    assertThat(usage.outputTokensBilled()).isZero();
    assertThat(usage.usage().computeNs()).isPositive();
  }

  @Test
  void aGrantForAnEmbeddingGivesOneAndNothingElse() throws Exception {
    List<GenerateResponse> responses =
        generate(request(5, 0, c -> c.setOperation(Operation.OPERATION_EMBED)));

    assertThat(responses).hasSize(3);
    assertThat(responses.get(0).getStarted().getCachedPromptTokens()).isZero();
    // Of the fake executor's states: the sum of the tokens 0 to 4, and their number.
    double length = Math.hypot(10, 5);
    assertThat(responses.get(1).getEmbedding().getValuesList())
        .containsExactly((float) (10 / length), (float) (5 / length));
    assertThat(responses.get(2).getFinished().getCause()).isEqualTo(StopCause.STOP_CAUSE_EMBEDDED);
    AttemptRecord usage = worker.awaitUsage();
    assertThat(usage.lease().operation()).isEqualTo(dev.cofferdam.vocabulary.Operation.EMBED);
    assertThat(usage.promptTokensBilled()).isEqualTo(5);
    assertThat(usage.outputTokensDelivered()).isZero();
    assertThat(usage.usage().kvBlocksZeroed()).isEqualTo(2);
  }

  @Test
  void aGrantForAnEmbeddingThatHasOutputAndOneForOutputThatHasNoneAreForged() {
    assertThat(refusal(request(5, 3, c -> c.setOperation(Operation.OPERATION_EMBED))))
        .isEqualTo(ErrorCode.BAD_GRANT);
    assertThat(refusal(request(5, 0, c -> c))).isEqualTo(ErrorCode.BAD_GRANT);
    assertThat(refusal(request(5, 0, c -> c.setOperationValue(9)))).isEqualTo(ErrorCode.BAD_GRANT);
  }

  @Test
  void aTenantWhoseKvIsToBeEncryptedIsToldSoAndItsCacheStillHits() throws Exception {
    generate(request(16, 4, c -> c.setKvEncrypted(true)));
    worker.awaitUsage();
    List<GenerateResponse> again = generate(request(16, 4, c -> c.setKvEncrypted(true)));

    assertThat(again.getFirst().getStarted().getKvEncrypted()).isTrue();
    assertThat(again.getFirst().getStarted().getCachedPromptTokens()).isEqualTo(12);
    assertThat(worker.stats().seals()).isPositive();
    assertThat(generate(request(4, 4, c -> c)).getFirst().getStarted().getKvEncrypted()).isFalse();
  }

  @Test
  void anErasedTenantsRequestsEndAndItsCacheIsGone() throws Exception {
    worker.executor.stepNanos = 20_000_000;
    generate(request(16, 1, c -> c.setKvEncrypted(true)));
    Reader reader = new Reader(2);
    worker.stub().generate(request(16, 700, c -> c.setKvEncrypted(true)), reader);
    assertThat(reader.reached.await(20, TimeUnit.SECONDS)).isTrue();

    try (MeshChannels operator =
        worker.channels("operator", "spiffe://cofferdam.local/operator/local")) {
      var unused =
          WorkerServiceGrpc.newBlockingStub(operator.to(worker.address(), SpiffeId.Role.WORKER))
              .erase(EraseRequest.newBuilder().setTenant("harbor-books").build());
    }
    assertThat(reader.closed.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(Statuses.toRefusal(reader.failure).code()).isEqualTo(ErrorCode.NO_CAPACITY);
    worker.executor.stepNanos = 0;
    assertThat(generate(request(16, 1, c -> c)).getFirst().getStarted().getCachedPromptTokens())
        .isZero();
    assertThat(worker.stats().blocksUnheld()).isEqualTo(200);
  }

  @Test
  void theSecondRequestWithTheSamePromptHitsTheTenantsCache() {
    generate(request(16, 4, c -> c));
    List<GenerateResponse> again = generate(request(16, 4, c -> c));
    List<GenerateResponse> foreign =
        generate(
            request(grant(claims(16, 4).setTenant("pixel-pirates")), 16)
                .setSampling(
                    request(16, 4, c -> c).getSampling().toBuilder()
                        .setSeed(
                            new dev.cofferdam.worker.batching.FakeExecutor.Mark(1, 0, false, 0)
                                .seed()))
                .build());

    assertThat(again.getFirst().getStarted().getCachedPromptTokens()).isEqualTo(12);
    assertThat(foreign.getFirst().getStarted().getCachedPromptTokens()).isZero();
  }

  @Test
  void anAdapterReloadedUnderTheSameNameReusesNoKv() {
    int base = cachedTokens(0);
    int first = cachedTokens(1);
    int again = cachedTokens(1);
    int reloaded = cachedTokens(2);
    int reloadedAgain = cachedTokens(2);

    assertThat(List.of(base, first, again, reloaded, reloadedAgain))
        .containsExactly(0, 0, 12, 0, 12);
  }

  /** Of the same prompt with a version of the same adapter; 0 is the base model. */
  private int cachedTokens(int version) {
    GrantClaims.Builder claims = claims(16, 4);
    if (version > 0) {
      claims.setAdapter("tone").setAdapterVersion(String.valueOf(version));
    }
    long seed = new FakeExecutor.Mark(0, version, false, 0).seed();
    GenerateRequest.Builder request = request(grant(claims), 16);
    request.getSamplingBuilder().setSeed(seed);
    return generate(request.build()).getFirst().getStarted().getCachedPromptTokens();
  }

  @Test
  void aContinuationGoesOnWithTheSameTokensAndIndexesAndBillsNoPromptAgain() throws Exception {
    List<Integer> whole = tokens(generate(request(10, 20, c -> c)));
    worker.awaitUsage();
    GenerateRequest.Builder rest =
        request(grant(claims(10, 20).setAttempt(2).setGeneratedTokens(6)), 10);
    rest.addAllTokenIds(whole.subList(0, 6));

    List<GenerateResponse> responses = generate(rest.build());

    assertThat(responses.get(1).getTokens().getFirstIndex()).isEqualTo(6);
    assertThat(tokens(responses)).isEqualTo(whole.subList(6, 20));
    AttemptRecord usage = worker.awaitUsage();
    assertThat(usage.promptTokensBilled()).isZero();
    assertThat(usage.outputTokensDelivered()).isEqualTo(14);
  }

  @Test
  void aLaterAttemptThatReadsTheInputMayBillItWhereTheClientHasNoOutputYet() throws Exception {
    generate(request(10, 20, c -> c.setAttempt(2)));
    assertThat(worker.awaitUsage().promptTokensBilled()).isEqualTo(10);
  }

  @Test
  void aForgedGrantIsRefused() {
    Grant good = grant(claims(4, 4));
    Grant raised = good.toBuilder().setClaims(claims(4, 1_000).build().toByteString()).build();
    byte[] otherKey = new byte[32];
    otherKey[0] = 1;

    assertThat(refusal(request(raised, 4).build())).isEqualTo(ErrorCode.BAD_GRANT);
    assertThat(refusal(request(GrantSeal.seal(claims(4, 4).build(), "k1", otherKey), 4).build()))
        .isEqualTo(ErrorCode.BAD_GRANT);
    assertThat(
            refusal(
                request(GrantSeal.seal(claims(4, 4).build(), "k2", ServingHarness.KEY), 4).build()))
        .isEqualTo(ErrorCode.BAD_GRANT);
    assertThat(refusal(request(Grant.getDefaultInstance(), 4).build()))
        .isEqualTo(ErrorCode.BAD_GRANT);
    assertThat(worker.refused).containsExactly("signature", "signature", "signature", "signature");
    assertThat(worker.usage).isEmpty();
  }

  @Test
  void anExpiredGrantIsRefused() {
    assertThat(refusal(request(4, 4, c -> c.setExpiresEpochMs(System.currentTimeMillis() - 1))))
        .isEqualTo(ErrorCode.BAD_GRANT);
    assertThat(worker.refused).containsExactly("expired");
  }

  @Test
  void aReplayedGrantIsRefused() {
    GenerateRequest request = request(4, 4, c -> c);
    generate(request);

    assertThat(refusal(request)).isEqualTo(ErrorCode.BAD_GRANT);
    assertThat(worker.refused).containsExactly("replayed");
  }

  @Test
  void aGrantForAnotherWorkerOrModelOrWithoutATenantIsRefused() {
    assertThat(refusal(request(4, 4, c -> c.setWorkerId("w2")))).isEqualTo(ErrorCode.BAD_GRANT);
    assertThat(refusal(request(4, 4, c -> c.setModel("other")))).isEqualTo(ErrorCode.BAD_GRANT);
    assertThat(refusal(request(4, 4, c -> c.clearTenant()))).isEqualTo(ErrorCode.BAD_GRANT);
    assertThat(worker.refused).containsExactly("other_worker", "other_model", "signature");
  }

  @Test
  void tokensThatAreNotTheGrantsAreRefusedTheLeaseIsFreedAndNothingIsBilled() throws Exception {
    assertThat(refusal(request(grant(claims(5, 4)), 4).build()))
        .isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(refusal(request(grant(claims(4, 4)), 3).addTokenIds(50).build()))
        .isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(refusal(request(grant(claims(4, 4)), 3).addTokenIds(-1).build()))
        .isEqualTo(ErrorCode.INVALID_REQUEST);
    for (int i = 0; i < 3; i++) {
      AttemptRecord usage = worker.awaitUsage();
      assertThat(usage.cause()).isEqualTo(EndCause.REFUSED);
      assertThat(usage.promptTokensBilled() + usage.outputTokensDelivered()).isZero();
    }
    worker.awaitLeases(3);
    assertThat(worker.leases).containsExactly("ended FAILED", "ended FAILED", "ended FAILED");
  }

  @Test
  void onlyGatewaysMayGenerate() throws Exception {
    try (MeshChannels router =
        worker.channels("router", "spiffe://cofferdam.local/service/router")) {
      var stub =
          WorkerServiceGrpc.newBlockingStub(router.to(worker.address(), SpiffeId.Role.WORKER))
              .withDeadlineAfter(20, TimeUnit.SECONDS);
      Throwable failure =
          catchThrowable(() -> stub.generate(request(4, 4, c -> c)).forEachRemaining(r -> {}));
      assertThat(Statuses.toRefusal(failure).code()).isEqualTo(ErrorCode.CALL_NOT_ALLOWED);
    }
  }

  @Test
  void aCancelledCallEndsWithItsKvZeroedAndItsUsageRecorded() throws Exception {
    worker.executor.stepNanos = 20_000_000;
    Reader reader = new Reader(3);
    worker.stub().generate(request(grant(claims(10, 700)), 10).clearPrefixKey().build(), reader);
    assertThat(reader.reached.await(20, TimeUnit.SECONDS)).isTrue();

    reader.call.cancel("enough", null);

    AttemptRecord usage = worker.awaitUsage();
    assertThat(usage.cause()).isEqualTo(EndCause.CANCELLED);
    assertThat(usage.outputTokensDelivered()).isBetween(3, 699);
    assertThat(usage.usage().kvBlocksZeroed())
        .isPositive()
        .isEqualTo(usage.usage().kvBlocksAllocated());
    assertThat(worker.stats().sequences()).isZero();
    assertThat(worker.stats().blocksUnheld()).isEqualTo(200);
    assertThat(worker.leases).contains("accepted");
  }

  @Test
  void aCallerThatMetAStopTextEndsTheWorkAndSaysWhatIsBilled() throws Exception {
    worker.executor.stepNanos = 20_000_000;
    GrantClaims.Builder claims = claims(4, 700);
    Reader reader = new Reader(5);
    worker.stub().generate(request(grant(claims), 4).setSettles(true).build(), reader);
    assertThat(reader.reached.await(20, TimeUnit.SECONDS)).isTrue();
    finish(claims, 3);

    AttemptRecord usage = worker.awaitUsage();
    assertThat(usage.cause()).isEqualTo(EndCause.FINISHED);
    assertThat(usage.outputTokensDelivered()).isEqualTo(3);
    assertThat(usage.usage().outputTokens()).isBetween(5, 699);
    assertThat(reader.closed.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(worker.leases).contains("ended COMPLETED");
  }

  @Test
  void anOutputThatEndedByItselfIsBilledOnlyWhenTheCallerHasSaidHowMuchOfItCounts()
      throws Exception {
    GrantClaims.Builder claims = claims(4, 20);
    Reader reader = new Reader(20);
    worker.stub().generate(request(grant(claims), 4).setSettles(true).build(), reader);
    assertThat(reader.reached.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(worker.usage.poll(300, TimeUnit.MILLISECONDS)).isNull();
    finish(claims, 7);
    finish(claims, 1);

    AttemptRecord usage = worker.awaitUsage();
    assertThat(usage.cause()).isEqualTo(EndCause.LENGTH);
    assertThat(usage.outputTokensDelivered()).isEqualTo(7);
    assertThat(reader.closed.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(worker.usage).isEmpty();
  }

  @Test
  void aCallerThatGoesWithoutAWordOnTheBillPaysForWhatItGot() throws Exception {
    Reader reader = new Reader(20);
    worker.stub().generate(request(grant(claims(4, 20)), 4).setSettles(true).build(), reader);
    assertThat(reader.reached.await(20, TimeUnit.SECONDS)).isTrue();
    reader.call.cancel("gone", null);

    assertThat(worker.awaitUsage().outputTokensDelivered()).isEqualTo(20);
  }

  private void finish(GrantClaims.Builder claims, int outputTokens) {
    var unused =
        worker
            .blocking()
            .finish(
                FinishRequest.newBuilder()
                    .setRequestId(claims.getRequestId())
                    .setAttempt(claims.getAttempt())
                    .setOutputTokens(outputTokens)
                    .build());
  }

  @Test
  void aCallerThatDoesNotReadHoldsItsOwnSequenceBackAndNoOther() throws Exception {
    Reader idle = new Reader(Integer.MAX_VALUE);
    idle.automatic = false;
    worker.stub().generate(request(4, 780, c -> c), idle);

    assertThat(tokens(generate(request(4, 10, c -> c)))).hasSize(10);
    idle.call.request(10_000);
    assertThat(idle.closed.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(idle.tokens).isEqualTo(780);
  }

  @Test
  void aRevokedLeaseEndsItsStreamWithTheSchedulersCode() throws Exception {
    worker.executor.stepNanos = 20_000_000;
    RequestId id = RequestId.random();
    Reader reader = new Reader(2);
    worker.stub().generate(request(10, 700, c -> c.setRequestId(id.value())), reader);
    assertThat(reader.reached.await(20, TimeUnit.SECONDS)).isTrue();

    worker.generations.revoke(new SequenceId(id, 1), ErrorCode.TENANT_SUSPENDED);

    assertThat(reader.closed.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(Statuses.toRefusal(reader.failure).code()).isEqualTo(ErrorCode.TENANT_SUSPENDED);
    assertThat(worker.awaitUsage().cause()).isEqualTo(EndCause.REVOKED);
  }

  @Test
  void aPreemptedStreamPausesAndContinuesWithTheSameTokens() throws Exception {
    worker.executor.stepNanos = 1_000_000;
    List<Integer> undisturbed = tokens(generate(request(10, 300, c -> c)));
    RequestId id = RequestId.random();
    Reader reader = new Reader(2);
    worker.stub().generate(request(10, 300, c -> c.setRequestId(id.value())), reader);
    assertThat(reader.reached.await(20, TimeUnit.SECONDS)).isTrue();

    worker.generations.preempt(new SequenceId(id, 1), new TenantId("chat"));
    worker.generations.resume(new SequenceId(id, 1));

    assertThat(reader.closed.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(reader.received).isEqualTo(undisturbed);
  }

  @Test
  void aDrainedWorkerFinishesWhatRunsAndTakesNothingNew() throws Exception {
    try (MeshChannels operator =
        worker.channels("operator", "spiffe://cofferdam.local/operator/local")) {
      var stub =
          WorkerServiceGrpc.newBlockingStub(operator.to(worker.address(), SpiffeId.Role.WORKER));
      assertThat(stub.drain(DrainRequest.newBuilder().setWaitMsMax(10_000).build()).getRunning())
          .isZero();
    }
    assertThat(refusal(request(4, 4, c -> c))).isEqualTo(ErrorCode.NO_CAPACITY);
  }

  /** Reads a stream, and says when enough tokens came. */
  private static final class Reader
      implements ClientResponseObserver<GenerateRequest, GenerateResponse> {
    final CountDownLatch reached = new CountDownLatch(1);
    final CountDownLatch closed = new CountDownLatch(1);
    final List<Integer> received = new ArrayList<>();
    final int wanted;
    boolean automatic = true;
    volatile int tokens;
    volatile Throwable failure = Status.OK.asException();
    ClientCallStreamObserver<GenerateRequest> call;

    Reader(int wanted) {
      this.wanted = wanted;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<GenerateRequest> stream) {
      call = stream;
      if (!automatic) {
        stream.disableAutoRequestWithInitial(0);
      }
    }

    @Override
    public void onNext(GenerateResponse response) {
      received.addAll(response.getTokens().getTokenIdsList());
      tokens = received.size();
      if (tokens >= wanted) {
        reached.countDown();
      }
    }

    @Override
    public void onError(Throwable reason) {
      failure = reason;
      closed.countDown();
    }

    @Override
    public void onCompleted() {
      closed.countDown();
    }
  }
}
