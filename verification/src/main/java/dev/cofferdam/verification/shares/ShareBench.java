package dev.cofferdam.verification.shares;

import dev.cofferdam.verification.bench.Rows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * How a pool is divided under each policy, in virtual time: the same arrivals for all of them. The
 * figures do not depend on the machine.
 */
public final class ShareBench {
  private static final int SECONDS = 60;
  private static final long SEED = 11;

  private ShareBench() {}

  /**
   * Runs it.
   *
   * @param arguments the file to append to, a JSON list of metric, value, unit, baseline and ratio;
   *     beside it the folder {@code shares} gets a chart for each policy
   * @throws IOException where something cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    Path results = Path.of(arguments[0]).toAbsolutePath();
    Path charts = results.resolveSibling("shares");
    double alone = burst(Policy.FAIR_1_1, 10, 0).ttftMs("A", 0.99);
    System.out.printf(
        Locale.ROOT,
        "%n%-26s %12s %12s %12s %14s %10s %11s %8s%n",
        "A 10/s, B bursts at 200/s",
        "A p99 TTFT",
        "of it queue",
        "B p99 TTFT",
        "over A alone",
        "fairness",
        "preemptions",
        "refused");
    Rows rows = new Rows();
    double victim = Double.NaN;
    for (Policy policy : Policy.values()) {
      Burst burst = burst(policy, 10, 200);
      Burst both = together(policy);
      double ratio = burst.ttftMs("A", 0.99) / alone;
      victim = policy == Policy.FAIR_1_1 ? ratio : victim;
      System.out.printf(
          Locale.ROOT,
          "%-26s %9.0f ms %9.0f ms %9.0f ms %14.2f %10.3f %11d %8d%n",
          policy.label(),
          burst.ttftMs("A", 0.99),
          burst.queuedMs("A", 0.99),
          burst.ttftMs("B", 0.99),
          ratio,
          both.jain(),
          burst.preemptions(),
          burst.refused());
      Plot.write(
          charts.resolve(policy.fileName() + ".svg"),
          policy.label() + ": weighted tokens served, A 60/s and B 200/s",
          both.curves());
    }
    System.out.println();
    rows.head();
    double fifo = together(Policy.FIFO).jain();
    rows.row("jain_weighted_1to1", together(Policy.FAIR_1_1).jain(), "", fifo);
    rows.row("jain_weighted_2to1", together(Policy.FAIR_2_1).jain(), "", fifo);
    rows.row("victim_p99_ratio", victim, "", burst(Policy.FIFO, 10, 200).ttftMs("A", 0.99) / alone);
    rows.row("skewed_4to1_ratio", Backlogged.fourToOne(SEED, SECONDS), "", 4);
    double gap = 0;
    for (long seed = 1; seed <= 100; seed++) {
      gap = Math.max(gap, Backlogged.gapOverBound(seed, 30)[0]);
    }
    rows.row("service_gap_over_bound", gap, "", 1);
    rows.append(results);
  }

  private static Burst burst(Policy policy, double ratePerSecondA, double ratePerSecondB) {
    return new Burst(policy, ratePerSecondA, ratePerSecondB, false, SECONDS, SEED).run();
  }

  /** Both want more than their share: A three times, B ten times what it could have. */
  private static Burst together(Policy policy) {
    return new Burst(policy, 60, 200, true, SECONDS, SEED).run();
  }
}
