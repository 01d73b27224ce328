package dev.cofferdam.gateway.admin;

import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.QualityReport;
import dev.cofferdam.proto.admin.v1.Rollout;
import dev.cofferdam.proto.admin.v1.RolloutGates;
import dev.cofferdam.proto.admin.v1.RolloutState;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Whether answers of the version that is rolled out are worse than those of the current one, by
 * what was reported within the gates' window.
 */
public final class QualityGate {
  private static final double DROP_MAX = 0.05;
  private static final int SAMPLES_MIN = 20;
  private static final int WINDOW_S = 300;
  private static final int REPORTS_MAX = 256;
  private static final int SAMPLES_MAX = 1_000_000;
  private static final double Z = 1.645;

  private QualityGate() {}

  /** Mean score and number of the answers of one version that were judged. */
  private record Arm(double mean, double samples) {
    private static Arm of(List<QualityReport> reports, String version) {
      double sum = 0;
      double samples = 0;
      for (QualityReport report : reports) {
        if (report.getVersion().equals(version)) {
          sum += report.getScore() * report.getSamples();
          samples += report.getSamples();
        }
      }
      return new Arm(samples == 0 ? 0 : sum / samples, samples);
    }

    /**
     * What the mean is below with 95 % confidence: Wilson's score interval, one-sided. No scores in
     * [0, 1] differ more than those that are 0 or 1, for which it is made.
     */
    private double most() {
      double z2 = Z * Z / samples;
      double margin = Z * Math.sqrt(mean * (1 - mean) / samples + z2 / (4 * samples));
      return (mean + z2 / 2 + margin) / (1 + z2);
    }
  }

  /** The problems of a report. */
  public static Problems check(double score, int samples) {
    Problems problems = new Problems();
    if (!(score >= 0 && score <= 1)) {
      problems.add("score", score, "0 to 1");
    }
    problems.range("samples", samples, 1, SAMPLES_MAX);
    return problems;
  }

  /**
   * Takes a report, and rolls the rollout back where its version is too much worse.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException FAILED_PRECONDITION where no rollout runs, or
   *     the version is neither of the two
   */
  public static Adapter report(
      Adapter adapter, String version, double score, int samples, long epochS) {
    Rollout rollout = adapter.getRollout();
    boolean known = version.equals(adapter.getVersion()) || version.equals(rollout.getVersion());
    if (rollout.getState() != RolloutState.ROLLOUT_STATE_RUNNING || !known) {
      throw Refusal.of(ErrorCode.FAILED_PRECONDITION, "no rollout of this version runs")
          .asException();
    }
    RolloutGates gates = rollout.getGates();
    long since = epochS - (gates.getWindowS() == 0 ? WINDOW_S : gates.getWindowS());
    List<QualityReport> young =
        rollout.getQualityList().stream().filter(r -> r.getReportedEpochS() > since).toList();
    Rollout.Builder reported =
        rollout.toBuilder()
            .clearQuality()
            .addAllQuality(young.subList(Math.max(0, young.size() - REPORTS_MAX + 1), young.size()))
            .addQuality(
                QualityReport.newBuilder()
                    .setVersion(version)
                    .setScore(score)
                    .setSamples(samples)
                    .setReportedEpochS(epochS));
    Adapter next = adapter.toBuilder().setRollout(reported).build();
    return breach(next)
        .map(reason -> RolloutSteps.rollBack(next, rollout.getVersion(), reason, epochS))
        .orElse(next);
  }

  private static Optional<String> breach(Adapter adapter) {
    Rollout rollout = adapter.getRollout();
    RolloutGates gates = rollout.getGates();
    Arm current = Arm.of(rollout.getQualityList(), adapter.getVersion());
    Arm candidate = Arm.of(rollout.getQualityList(), rollout.getVersion());
    int least = gates.getRequestsMin() == 0 ? SAMPLES_MIN : gates.getRequestsMin();
    double drop = gates.getQualityDropMax() == 0 ? DROP_MAX : gates.getQualityDropMax();
    // A bad answer or two among few are no evidence yet.
    boolean worse =
        Math.min(current.samples, candidate.samples) >= least
            && current.mean - candidate.most() > drop;
    return worse
        ? Optional.of(
            String.format(
                Locale.ROOT,
                "quality %.3f beside %.3f of the current version (allowed: %.3f less)",
                candidate.mean,
                current.mean,
                drop))
        : Optional.empty();
  }
}
