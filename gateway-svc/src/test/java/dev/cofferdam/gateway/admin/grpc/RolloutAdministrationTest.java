package dev.cofferdam.gateway.admin.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.PromoteRolloutRequest;
import dev.cofferdam.proto.admin.v1.PromoteRolloutResponse;
import dev.cofferdam.proto.admin.v1.ReportQualityRequest;
import dev.cofferdam.proto.admin.v1.ReportQualityResponse;
import dev.cofferdam.proto.admin.v1.RollBackRolloutRequest;
import dev.cofferdam.proto.admin.v1.RollBackRolloutResponse;
import dev.cofferdam.proto.admin.v1.Rollout;
import dev.cofferdam.proto.admin.v1.RolloutGates;
import dev.cofferdam.proto.admin.v1.RolloutState;
import dev.cofferdam.proto.admin.v1.StartRolloutRequest;
import dev.cofferdam.proto.admin.v1.StartRolloutResponse;
import dev.cofferdam.proto.admin.v1.WeighRolloutRequest;
import dev.cofferdam.proto.admin.v1.WeighRolloutResponse;
import dev.cofferdam.vocabulary.ErrorCode;
import java.io.IOException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RolloutAdministrationTest extends AdminCalls {
  private Adapter first;

  @BeforeEach
  void anAdapter() throws IOException {
    file("adapters/books-next/adapter_config.json", "{}");
    file("adapters/books-next/adapter_model.safetensors", "other weights");
    put(acme());
    put(model("support-desk"));
    first = put(adapter("acme", "support-desk", "books")).value.getAdapter();
  }

  private Answer<StartRolloutResponse> begin(Rollout.Builder rollout) {
    return call(
        rollouts::startRollout,
        StartRolloutRequest.newBuilder()
            .setTenant("acme")
            .setName("books")
            .setRollout(rollout)
            .build());
  }

  private Adapter begun() {
    return begin(next(0.1)).value.getAdapter();
  }

  private static Rollout.Builder next(double weight) {
    return Rollout.newBuilder().setFolder("books-next").setWeight(weight);
  }

  private Answer<WeighRolloutResponse> weigh(double weight) {
    return call(
        rollouts::weighRollout,
        WeighRolloutRequest.newBuilder()
            .setTenant("acme")
            .setName("books")
            .setWeight(weight)
            .build());
  }

  private Answer<PromoteRolloutResponse> promote() {
    return call(
        rollouts::promoteRollout,
        PromoteRolloutRequest.newBuilder().setTenant("acme").setName("books").build());
  }

  private Answer<RollBackRolloutResponse> rollBack(String version) {
    return call(
        rollouts::rollBackRollout,
        RollBackRolloutRequest.newBuilder()
            .setTenant("acme")
            .setName("books")
            .setVersion(version)
            .setReason("worse")
            .build());
  }

  @Test
  void aRolloutBeginsBesideTheCurrentVersionAndIsRecorded() {
    Adapter adapter = begun();
    assertThat(adapter.getVersion()).isEqualTo(first.getVersion());
    assertThat(adapter.getRevision()).isEqualTo(first.getRevision() + 1);
    assertThat(adapter.getRollout().getVersion())
        .matches("[0-9a-f]{64}")
        .isNotEqualTo(first.getVersion());
    assertThat(adapter.getRollout().getState()).isEqualTo(RolloutState.ROLLOUT_STATE_RUNNING);
    assertThat(written.adapters().get("acme/books")).isEqualTo(adapter);
    assertThat(facts.last().operation()).isEqualTo("admin.start_rollout");
    assertThat(facts.last().detail()).contains(adapter.getRollout().getVersion(), "running at 0.1");
    assertThat(begin(next(0.2)).refusal().code()).isEqualTo(ErrorCode.FAILED_PRECONDITION);
    assertThat(weigh(0.5).value.getAdapter().getRollout().getWeight()).isEqualTo(0.5);
  }

  @Test
  void allProblemsOfARolloutAreToldAtOnce() {
    Rollout.Builder bad =
        Rollout.newBuilder()
            .setFolder("..")
            .setWeight(1.5)
            .setGates(
                RolloutGates.newBuilder()
                    .setErrorRateExcessMax(-1)
                    .setTtftRatioMax(0.5)
                    .setRequestsMin(-1)
                    .setWindowS(-1));
    assertThat(begin(bad).refusal().message())
        .contains("folder: ..")
        .contains("weight: 1.5")
        .contains("gates.error_rate_excess_max: -1.0")
        .contains("gates.ttft_ratio_max: 0.5")
        .contains("gates.requests_min: -1")
        .contains("gates.window_s: -1")
        .contains("version: missing");
    assertThat(begin(next(Double.NaN)).refusal().message()).contains("weight: NaN");
    assertThat(begin(Rollout.newBuilder().setFolder("books")).refusal().message())
        .contains("this version is the current one");
    assertThat(written.adapters().get("acme/books")).isEqualTo(first);
  }

  @Test
  void promotionMakesTheNewVersionTheCurrentOneAndRollingBackTakesTheFormerBack() {
    String version = begun().getRollout().getVersion();
    Adapter promoted = promote().value.getAdapter();
    assertThat(promoted.getVersion()).isEqualTo(version);
    assertThat(promoted.getFolder()).isEqualTo("books-next");
    assertThat(promoted.getRollout().getVersion()).isEqualTo(first.getVersion());
    assertThat(promote().refusal().code()).isEqualTo(ErrorCode.FAILED_PRECONDITION);
    assertThat(rollBack(first.getVersion()).refusal().message()).contains("another version");
    Adapter back = rollBack(version).value.getAdapter();
    assertThat(back.getVersion()).isEqualTo(first.getVersion());
    assertThat(back.getFolder()).isEqualTo("books");
    assertThat(back.getRollout().getState()).isEqualTo(RolloutState.ROLLOUT_STATE_ROLLED_BACK);
    assertThat(back.getRollout().getReason()).isEqualTo("worse");
  }

  @Test
  void aRolloutIsRolledBackOnceHoweverManyRoutersAskForIt() {
    String version = begun().getRollout().getVersion();
    assertThat(rollBack(first.getVersion()).refusal().message()).contains("another version");
    assertThat(rollBack(version).value.getAdapter().getRollout().getState())
        .isEqualTo(RolloutState.ROLLOUT_STATE_ROLLED_BACK);
    assertThat(facts.last().detail()).contains("rolled_back", "worse");
    assertThat(rollBack(version).refusal().code()).isEqualTo(ErrorCode.FAILED_PRECONDITION);
    assertThat(begun().getRollout().getReason()).isEmpty();
  }

  @Test
  void aNewVersionOfTheAdapterEndsItsRolloutAndAnEditThatKeepsItDoesNot() {
    Adapter running = begun();
    Adapter same = put(adapter("acme", "support-desk", "books")).value.getAdapter();
    assertThat(same.getRollout()).isEqualTo(running.getRollout());
    Adapter other = put(adapter("acme", "support-desk", "books-next")).value.getAdapter();
    assertThat(other.hasRollout()).isFalse();
  }

  private Answer<ReportQualityResponse> report(String version, double score, int samples) {
    return call(
        rollouts::reportQuality,
        ReportQualityRequest.newBuilder()
            .setTenant("acme")
            .setName("books")
            .setVersion(version)
            .setScore(score)
            .setSamples(samples)
            .build());
  }

  @Test
  void aVersionWhoseAnswersAreWorseIsRolledBackOnceEnoughOfThemWereJudged() {
    String current = first.getVersion();
    String next = begun().getRollout().getVersion();
    assertThat(report(current, 0.9, 200).value.getAdapter().getRollout().getQualityCount())
        .isEqualTo(1);
    assertThat(report(next, 0.2, 19).value.getAdapter().getRollout().getState())
        .as("too few")
        .isEqualTo(RolloutState.ROLLOUT_STATE_RUNNING);
    Rollout ended = report(next, 0.5, 60).value.getAdapter().getRollout();
    assertThat(ended.getState()).isEqualTo(RolloutState.ROLLOUT_STATE_ROLLED_BACK);
    assertThat(ended.getReason()).startsWith("quality 0.428 beside 0.900");
    assertThat(facts.last().operation()).isEqualTo("admin.report_quality");
    assertThat(facts.last().detail()).contains("rolled_back");
    assertThat(report(next, 0.5, 60).refusal().code()).isEqualTo(ErrorCode.FAILED_PRECONDITION);
    assertThat(begun().getRollout().getQualityList()).as("a new rollout").isEmpty();
  }

  @Test
  void aVersionThatIsAsGoodOrNotSurelyWorseStays() {
    String current = first.getVersion();
    String next = begun().getRollout().getVersion();
    report(current, 0.9, 200);
    assertThat(report(next, 0.82, 30).value.getAdapter().getRollout().getState())
        .isEqualTo(RolloutState.ROLLOUT_STATE_RUNNING);
    assertThat(report(next, 0.95, 500).value.getAdapter().getRollout().getState())
        .isEqualTo(RolloutState.ROLLOUT_STATE_RUNNING);
    assertThat(report("a".repeat(64), 0, 30).refusal().code())
        .isEqualTo(ErrorCode.FAILED_PRECONDITION);
    assertThat(report(next, 1.5, 0).refusal().message())
        .contains("score: 1.5")
        .contains("samples: 0");
  }

  @Test
  void aRolloutOfAnUnknownAdapterIsNotFound() {
    assertThat(
            call(
                    rollouts::promoteRollout,
                    PromoteRolloutRequest.newBuilder().setTenant("acme").setName("x").build())
                .refusal()
                .code())
        .isEqualTo(ErrorCode.NOT_FOUND);
  }
}
