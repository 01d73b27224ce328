package dev.cofferdam.verification.bench;

import dev.cofferdam.verification.crossing.Crossings;
import dev.cofferdam.verification.crossing.Crossings.Crossing;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Seconds from each kind of attempt to its CRITICAL record, as an operator can read it. */
final class CrossingTimes {
  private static final int ROUNDS = 5;

  private CrossingTimes() {}

  /**
   * Measures in a running mesh, and adds the figures: the longest of all, and a median of each
   * kind.
   *
   * @param state the mesh's folder
   */
  static void run(Path state, Rows rows) throws Exception {
    double longest = 0;
    List<String> kinds = new ArrayList<>();
    List<Double> medians = new ArrayList<>();
    try (Crossings crossings = new Crossings(state)) {
      for (Crossing crossing : crossings.all()) {
        double[] seconds = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
          long start = System.nanoTime();
          var unused = crossings.recorded(crossing);
          seconds[round] = (System.nanoTime() - start) / 1e9;
          longest = Math.max(longest, seconds[round]);
        }
        kinds.add(crossing.kind());
        medians.add(Rows.median(seconds));
      }
    }
    rows.row("critical_record_s", longest, "s", 2);
    for (int i = 0; i < kinds.size(); i++) {
      rows.row("critical_record_s_" + kinds.get(i), medians.get(i), "s", 2);
    }
  }
}
