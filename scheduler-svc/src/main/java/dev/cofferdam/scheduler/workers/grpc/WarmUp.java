package dev.cofferdam.scheduler.workers.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import dev.cofferdam.proto.scheduling.v1.AttachResponse;
import dev.cofferdam.proto.scheduling.v1.Candidate;
import dev.cofferdam.proto.scheduling.v1.EnqueueRequest;
import dev.cofferdam.proto.scheduling.v1.EnqueueResponse;
import dev.cofferdam.proto.scheduling.v1.GrantClaims;
import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.scheduler.shard.PoolCore;
import dev.cofferdam.scheduler.shard.PoolEffect;
import dev.cofferdam.scheduler.shard.PoolEvent;
import dev.cofferdam.scheduler.shard.PoolListener;
import dev.cofferdam.scheduler.shard.PoolSettings;
import dev.cofferdam.scheduler.shard.PoolStats;
import dev.cofferdam.scheduler.workers.LostUsage;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import io.grpc.stub.ServerCallStreamObserver;
import io.opentelemetry.api.trace.Span;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * A pool of its own that serves some thousand requests of nobody's. A standby does nothing until it
 * takes over, and then everything at once: by then the code must be compiled.
 */
public final class WarmUp {
  private static final String POOL = "warm-up";
  private static final String WORKER = "warm-up";
  private static final String MODEL = "warm-up";
  private static final int SLOTS = 32;
  private static final int TENANTS = 50;
  private static final int TOKENS = 100;

  private final PoolDriver driver;
  private final CountDownLatch answers;

  private WarmUp(RandomGenerator random, int requests) {
    answers = new CountDownLatch(requests);
    driver =
        new PoolDriver(
            POOL,
            new PoolCore(PoolSettings.DEFAULT),
            new NothingLost(),
            new Unheard(),
            System::currentTimeMillis,
            random,
            1);
  }

  /**
   * Runs it.
   *
   * @param requests how many
   * @param millisMax when it ends at the latest
   * @return whether all were answered by then
   */
  public static boolean run(RandomGenerator random, int requests, long millisMax)
      throws InterruptedException {
    WarmUp warmUp = new WarmUp(random, requests);
    warmUp.driver.start();
    try {
      return warmUp.serve(requests, millisMax);
    } finally {
      warmUp.driver.close();
    }
  }

  private boolean serve(int requests, long millisMax) throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millisMax);
    driver.attach(
        new PoolEvent.WorkerAttached(
            new WorkerDescriptor(
                WORKER, 1, 1, "127.0.0.1:1", Set.of(MODEL), SLOTS, 100_000, 16, 1_024, 1),
            List.of()),
        new Sink<AttachResponse>());
    for (int i = 1; i <= requests && System.nanoTime() < until; i++) {
      ask(i);
    }
    return answers.await(until - System.nanoTime(), TimeUnit.NANOSECONDS);
  }

  private void ask(int id) {
    EnqueueRequest message =
        EnqueueRequest.newBuilder()
            .setRequestId(String.format(Locale.ROOT, "%032x", id))
            .setAttempt(1)
            .setTenant("warm-up-" + id % TENANTS)
            .setTier("standard")
            .setWeight(1)
            .setPool(POOL)
            .setModel(MODEL)
            .setWorkloadClass(WorkloadClass.WORKLOAD_CLASS_INTERACTIVE)
            .setPromptTokens(TOKENS)
            .setOutputTokensMax(TOKENS)
            .addCandidates(Candidate.newBuilder().setWorkerId(WORKER).setScore(1))
            .build();
    try {
      EnqueueRequest read = EnqueueRequest.parseFrom(message.toByteArray());
      PoolEvent.Enqueue event = new PoolEvent.Enqueue(id, Messages.request(read, Map.of()));
      if (!driver.enqueue(event, new PoolDriver.Caller(new Caller(), Span.getInvalid()))) {
        answers.countDown();
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Has what is granted served at once. */
  private final class Caller extends Sink<EnqueueResponse> {
    @Override
    public void onNext(EnqueueResponse answer) {
      super.onNext(answer);
      if (!answer.hasGranted()) {
        return;
      }
      try {
        GrantClaims claims = GrantClaims.parseFrom(answer.getGranted().getGrant().getClaims());
        PoolEvent.Report report =
            new PoolEvent.Report(
                new AttemptKey(new RequestId(claims.getRequestId()), claims.getAttempt()),
                new Served(TOKENS, 0, TOKENS, 0, 0));
        driver.report(new PoolEvent.Progress(WORKER, 1, List.of(report)));
        driver.report(new PoolEvent.Ended(WORKER, 1, report));
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void onCompleted() {
      answers.countDown();
    }
  }

  /** A call that nobody made. */
  private static class Sink<T extends com.google.protobuf.MessageLite>
      extends ServerCallStreamObserver<T> {
    @Override
    public void onNext(T answer) {
      var unused = answer.toByteArray();
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void setOnCancelHandler(Runnable handler) {}

    @Override
    public void setOnReadyHandler(Runnable handler) {}

    @Override
    public void setCompression(String compression) {}

    @Override
    public void setMessageCompression(boolean enable) {}

    @Override
    public void disableAutoInboundFlowControl() {}

    @Override
    public void request(int count) {}
  }

  private static final class NothingLost implements LostUsage {
    @Override
    public void state(String pool, PoolEffect.AttemptLost lost) {}

    @Override
    public void retry() {}
  }

  private static final class Unheard implements PoolListener {
    @Override
    public void granted(
        String pool,
        dev.cofferdam.vocabulary.WorkloadClass workloadClass,
        String tier,
        long queueWaitMs) {}

    @Override
    public void refused(String pool, ErrorCode code, boolean wasAdmitted) {}

    @Override
    public void preempted(
        String pool, dev.cofferdam.vocabulary.WorkloadClass workloadClass, TenantId causedBy) {}

    @Override
    public void attemptLost(String pool) {}

    @Override
    public void stats(String pool, PoolStats stats) {}
  }
}
