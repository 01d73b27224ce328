package dev.cofferdam.gateway.admin;

import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.Rollout;
import dev.cofferdam.proto.admin.v1.RolloutGates;
import dev.cofferdam.proto.admin.v1.RolloutState;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;

/**
 * The life of a rollout: none or ended → running → promoted or rolled back; promoted → rolled back,
 * which makes the former version the current one again.
 */
public final class RolloutSteps {
  private static final int WINDOW_S_MAX = 86_400;
  private static final int REQUESTS_MAX = 10_000;
  private static final double TTFT_RATIO_MAX = 100;
  private static final int REASON_LENGTH_MAX = 200;

  private RolloutSteps() {}

  /** The problems of a rollout that is to begin, but for its folder and version. */
  public static Problems check(Rollout rollout) {
    Problems problems = new Problems();
    weight(problems, rollout.getWeight());
    RolloutGates gates = rollout.getGates();
    double excess = gates.getErrorRateExcessMax();
    if (!(excess >= 0 && excess <= 1)) {
      problems.add("gates.error_rate_excess_max", excess, "0 (0.05), or in (0, 1]");
    }
    double ratio = gates.getTtftRatioMax();
    if (ratio != 0 && !(ratio > 1 && ratio <= TTFT_RATIO_MAX)) {
      problems.add("gates.ttft_ratio_max", ratio, "0 (2), or above 1 and at most 100");
    }
    double drop = gates.getQualityDropMax();
    if (!(drop >= 0 && drop <= 1)) {
      problems.add("gates.quality_drop_max", drop, "0 (0.05), or in (0, 1]");
    }
    problems.range("gates.requests_min", gates.getRequestsMin(), 0, REQUESTS_MAX);
    problems.range("gates.window_s", gates.getWindowS(), 0, WINDOW_S_MAX);
    return problems;
  }

  /** The problems of a rollout's weight. */
  public static void weight(Problems problems, double weight) {
    if (!(weight >= 0 && weight <= 1)) {
      problems.add("weight", weight, "0 to 1");
    }
  }

  /**
   * Begins a rollout; one that ended is forgotten.
   *
   * @param wanted folder, version, weight and gates
   */
  public static Adapter start(Adapter adapter, Rollout wanted, long epochS) {
    if (adapter.getRollout().getState() == RolloutState.ROLLOUT_STATE_RUNNING) {
      throw refused("a rollout of this adapter runs already; promote it or roll it back");
    }
    if (wanted.getVersion().equals(adapter.getVersion())) {
      throw refused("this version is the current one");
    }
    return adapter.toBuilder()
        .setRollout(
            Rollout.newBuilder()
                .setFolder(wanted.getFolder())
                .setVersion(wanted.getVersion())
                .setWeight(wanted.getWeight())
                .setGates(wanted.getGates())
                .setState(RolloutState.ROLLOUT_STATE_RUNNING)
                .setChangedEpochS(epochS))
        .build();
  }

  /** Changes the share of the conversations that get the new version. */
  public static Adapter weigh(Adapter adapter, double weight, long epochS) {
    running(adapter);
    return adapter.toBuilder()
        .setRollout(adapter.getRollout().toBuilder().setWeight(weight).setChangedEpochS(epochS))
        .build();
  }

  /** Makes the new version the current one. */
  public static Adapter promote(Adapter adapter, long epochS) {
    running(adapter);
    return swapped(adapter, RolloutState.ROLLOUT_STATE_PROMOTED, "", epochS);
  }

  /**
   * Ends a rollout, also one that was promoted.
   *
   * @param version the version that is to be ended; empty: whatever it is
   */
  public static Adapter rollBack(Adapter adapter, String version, String reason, long epochS) {
    Rollout rollout = adapter.getRollout();
    boolean promoted = rollout.getState() == RolloutState.ROLLOUT_STATE_PROMOTED;
    if (!promoted) {
      running(adapter);
    }
    String tried = promoted ? adapter.getVersion() : rollout.getVersion();
    if (!version.isEmpty() && !version.equals(tried)) {
      throw refused("the rollout is of another version");
    }
    String why = reason.substring(0, Math.min(reason.length(), REASON_LENGTH_MAX));
    if (promoted) {
      return swapped(adapter, RolloutState.ROLLOUT_STATE_ROLLED_BACK, why, epochS);
    }
    return adapter.toBuilder()
        .setRollout(
            rollout.toBuilder()
                .setState(RolloutState.ROLLOUT_STATE_ROLLED_BACK)
                .setReason(why)
                .setChangedEpochS(epochS))
        .build();
  }

  /** The current version and the rollout's change places. */
  private static Adapter swapped(Adapter adapter, RolloutState state, String reason, long epochS) {
    Rollout rollout = adapter.getRollout();
    return adapter.toBuilder()
        .setFolder(rollout.getFolder())
        .setVersion(rollout.getVersion())
        .setRollout(
            rollout.toBuilder()
                .setFolder(adapter.getFolder())
                .setVersion(adapter.getVersion())
                .setState(state)
                .setReason(reason)
                .setChangedEpochS(epochS))
        .build();
  }

  private static void running(Adapter adapter) {
    if (adapter.getRollout().getState() != RolloutState.ROLLOUT_STATE_RUNNING) {
      throw refused("no rollout of this adapter runs");
    }
  }

  private static dev.cofferdam.vocabulary.RefusedException refused(String message) {
    return Refusal.of(ErrorCode.FAILED_PRECONDITION, message).asException();
  }
}
