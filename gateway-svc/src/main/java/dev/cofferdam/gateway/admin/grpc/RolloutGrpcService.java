package dev.cofferdam.gateway.admin.grpc;

import dev.cofferdam.gateway.admin.Configuration;
import dev.cofferdam.gateway.admin.FolderRoot;
import dev.cofferdam.gateway.admin.Problems;
import dev.cofferdam.gateway.admin.QualityGate;
import dev.cofferdam.gateway.admin.RolloutSteps;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.PromoteRolloutRequest;
import dev.cofferdam.proto.admin.v1.PromoteRolloutResponse;
import dev.cofferdam.proto.admin.v1.ReportQualityRequest;
import dev.cofferdam.proto.admin.v1.ReportQualityResponse;
import dev.cofferdam.proto.admin.v1.RollBackRolloutRequest;
import dev.cofferdam.proto.admin.v1.RollBackRolloutResponse;
import dev.cofferdam.proto.admin.v1.Rollout;
import dev.cofferdam.proto.admin.v1.RolloutServiceGrpc;
import dev.cofferdam.proto.admin.v1.StartRolloutRequest;
import dev.cofferdam.proto.admin.v1.StartRolloutResponse;
import dev.cofferdam.proto.admin.v1.WeighRolloutRequest;
import dev.cofferdam.proto.admin.v1.WeighRolloutResponse;
import io.grpc.stub.StreamObserver;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Rollouts of adapter versions: each step is a change of the adapter's record. */
public final class RolloutGrpcService extends RolloutServiceGrpc.RolloutServiceImplBase {
  private final Records<Adapter> records;
  private final AuditedChanges changes;
  private final Optional<FolderRoot> adapters;
  private final InstantSource clock;

  /**
   * @param adapters root of the adapter folders, where this gateway has them
   * @param caller who calls, in a handler: {@link Caller#current}
   */
  public RolloutGrpcService(
      Configuration configuration,
      Optional<FolderRoot> adapters,
      AuditFacts facts,
      InstantSource clock,
      Supplier<Caller> caller) {
    this.records = Records.ofAdapters(configuration);
    this.changes = new AuditedChanges(configuration, facts, caller);
    this.adapters = adapters;
    this.clock = clock;
  }

  @Override
  public void startRollout(StartRolloutRequest request, StreamObserver<StartRolloutResponse> out) {
    step(
        out,
        "start_rollout",
        new Target(
            request.getTenant(),
            request.getName(),
            request.hasExpectedRevision(),
            request.getExpectedRevision()),
        adapter -> RolloutSteps.start(adapter, checked(request.getRollout()), epochS()),
        adapter -> StartRolloutResponse.newBuilder().setAdapter(adapter).build());
  }

  /** The rollout with its version, from its files where it is not given. */
  private Rollout checked(Rollout wanted) {
    Problems problems = RolloutSteps.check(wanted);
    if (!FolderRoot.isPlain(wanted.getFolder())) {
      problems.add("folder", wanted.getFolder(), "plain names separated by /, below the root");
    }
    Rollout.Builder rollout = wanted.toBuilder();
    if (problems.found().isEmpty() && wanted.getVersion().isEmpty()) {
      adapters
          .flatMap(root -> root.adapterDigest(wanted.getFolder()))
          .ifPresent(rollout::setVersion);
    }
    if (!rollout.getVersion().matches("[0-9a-f]{64}")) {
      problems.add(
          "version",
          rollout.getVersion(),
          "64 hexadecimal digits, or none where the folder is at hand");
    }
    problems.refuseIfAny();
    return rollout.build();
  }

  @Override
  public void weighRollout(WeighRolloutRequest request, StreamObserver<WeighRolloutResponse> out) {
    step(
        out,
        "weigh_rollout",
        new Target(
            request.getTenant(),
            request.getName(),
            request.hasExpectedRevision(),
            request.getExpectedRevision()),
        adapter -> {
          Problems problems = new Problems();
          RolloutSteps.weight(problems, request.getWeight());
          problems.refuseIfAny();
          return RolloutSteps.weigh(adapter, request.getWeight(), epochS());
        },
        adapter -> WeighRolloutResponse.newBuilder().setAdapter(adapter).build());
  }

  @Override
  public void promoteRollout(
      PromoteRolloutRequest request, StreamObserver<PromoteRolloutResponse> out) {
    step(
        out,
        "promote_rollout",
        new Target(
            request.getTenant(),
            request.getName(),
            request.hasExpectedRevision(),
            request.getExpectedRevision()),
        adapter -> RolloutSteps.promote(adapter, epochS()),
        adapter -> PromoteRolloutResponse.newBuilder().setAdapter(adapter).build());
  }

  @Override
  public void rollBackRollout(
      RollBackRolloutRequest request, StreamObserver<RollBackRolloutResponse> out) {
    step(
        out,
        "roll_back_rollout",
        new Target(
            request.getTenant(),
            request.getName(),
            request.hasExpectedRevision(),
            request.getExpectedRevision()),
        adapter ->
            RolloutSteps.rollBack(adapter, request.getVersion(), request.getReason(), epochS()),
        adapter -> RollBackRolloutResponse.newBuilder().setAdapter(adapter).build());
  }

  @Override
  public void reportQuality(
      ReportQualityRequest request, StreamObserver<ReportQualityResponse> out) {
    step(
        out,
        "report_quality",
        new Target(request.getTenant(), request.getName(), false, 0),
        adapter -> {
          QualityGate.check(request.getScore(), request.getSamples()).refuseIfAny();
          return QualityGate.report(
              adapter, request.getVersion(), request.getScore(), request.getSamples(), epochS());
        },
        adapter -> ReportQualityResponse.newBuilder().setAdapter(adapter).build());
  }

  /** Whose rollout a call changes, and from which revision. */
  private record Target(String tenant, String name, boolean expects, long revision) {}

  private <R> void step(
      StreamObserver<R> out,
      String method,
      Target target,
      UnaryOperator<Adapter> step,
      Function<Adapter, R> response) {
    changes.answer(
        out,
        method,
        target.tenant(),
        (change, write) -> {
          Adapter present =
              records.known(
                  target.tenant() + "/" + target.name(),
                  Records.expected(target.expects(), target.revision()));
          long revision = present.getRevision() + 1;
          Adapter adapter = step.apply(present).toBuilder().setRevision(revision).build();
          change.detail(detail(adapter));
          write.put(adapter);
          return response.apply(adapter);
        });
  }

  private static String detail(Adapter adapter) {
    Rollout rollout = adapter.getRollout();
    return String.format(
        Locale.ROOT,
        "adapter %s version %s, rollout of %s %s at %.4f%s",
        adapter.getName(),
        adapter.getVersion(),
        rollout.getVersion(),
        rollout.getState().name().replace("ROLLOUT_STATE_", "").toLowerCase(Locale.ROOT),
        rollout.getWeight(),
        rollout.getReason().isEmpty() ? "" : ": " + rollout.getReason());
  }

  private long epochS() {
    return clock.instant().getEpochSecond();
  }
}
