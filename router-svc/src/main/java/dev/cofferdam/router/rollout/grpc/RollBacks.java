package dev.cofferdam.router.rollout.grpc;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.proto.admin.v1.RollBackRolloutRequest;
import dev.cofferdam.proto.admin.v1.RollBackRolloutResponse;
import dev.cofferdam.proto.admin.v1.RolloutServiceGrpc;
import dev.cofferdam.router.rollout.Rollouts;
import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the gateways roll a rollout back. A verdict comes again with each attempt until the rollout
 * has ended, so that a call that fails is made again, to the next gateway, a second later. What
 * another router has rolled back already is refused there, and that is well. Thread-safe.
 */
public final class RollBacks {
  private static final Logger LOG = LoggerFactory.getLogger(RollBacks.class);
  private static final long CALL_MS = 5_000;
  private static final long AGAIN_MS = 1_000;
  private static final int REMEMBERED_MAX = 1_000;

  private final MeshChannels channels;
  private final List<String> gateways;
  private final InstantSource clock;
  private final Map<String, Long> called =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
          return size() > REMEMBERED_MAX;
        }
      };
  private int turn;

  /**
   * @param gateways host:port of the gateways' gRPC ports; none: verdicts are only logged
   */
  public RollBacks(MeshChannels channels, List<String> gateways, InstantSource clock) {
    this.channels = channels;
    this.gateways = List.copyOf(gateways);
    this.clock = clock;
  }

  /** Carries out a verdict, unless that was tried within the last second. */
  public synchronized void carryOut(Rollouts.Verdict verdict) {
    long now = clock.millis();
    Long last = called.get(verdict.version());
    if (last != null && now - last < AGAIN_MS) {
      return;
    }
    called.put(verdict.version(), now);
    LOG.warn(
        "adapter {} of {}: version {} is to be rolled back: {}",
        verdict.adapter(),
        verdict.tenant(),
        verdict.version(),
        verdict.reason());
    if (gateways.isEmpty()) {
      return;
    }
    RolloutServiceGrpc.newStub(
            channels.to(gateways.get(turn++ % gateways.size()), SpiffeId.Role.GATEWAY))
        .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS)
        .rollBackRollout(
            RollBackRolloutRequest.newBuilder()
                .setTenant(verdict.tenant().value())
                .setName(verdict.adapter())
                .setVersion(verdict.version())
                .setReason(verdict.reason())
                .build(),
            new Answer());
  }

  private static final class Answer implements StreamObserver<RollBackRolloutResponse> {
    @Override
    public void onNext(RollBackRolloutResponse response) {}

    @Override
    public void onError(Throwable failure) {
      if (Status.fromThrowable(failure).getCode() != Status.Code.FAILED_PRECONDITION) {
        LOG.warn("a rollout could not be rolled back: {}", failure.getMessage());
      }
    }

    @Override
    public void onCompleted() {}
  }
}
