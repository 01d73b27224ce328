package dev.cofferdam.verification.fairness;

import dev.cofferdam.verification.bench.Rows;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * How long a pool is without a scheduler when the one that leads is killed with SIGKILL while more
 * comes than is served: until the first token of a request that came after. The lease's life of 2 s
 * is part of it.
 *
 * <p>Arguments: repository, folder for the mesh, file to append the results to.
 */
public final class Takeover {
  private static final int ROUNDS = 3;
  private static final int OUTPUT_TOKENS = 64;
  private static final double WARM_UP_S = 20;
  private static final double ROUND_S = 15;
  private static final long KILL_AFTER_S = 4;
  private static final double GOAL_S = 5;

  private Takeover() {}

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    Rows rows = new Rows();
    double[] seconds = new double[ROUNDS];
    long lost = 0;
    try (TestedMesh mesh = new TestedMesh(Path.of(args[0]), Path.of(args[1]))) {
      Client a = mesh.client(mesh.tenant("a", t -> t), OUTPUT_TOKENS, 1);
      Client b = mesh.client(mesh.tenant("b", t -> t), OUTPUT_TOKENS, 2);
      var warm = FairnessBench.together(a, FairnessBench.RATE_A, b, WARM_UP_S);
      for (int i = 0; i < ROUNDS; i++) {
        Round round = round(mesh, a, b);
        seconds[i] = round.seconds;
        lost += round.lost;
        System.out.printf(Locale.ROOT, "round %d: %.2f s%n", i + 1, round.seconds);
      }
    }
    rows.head();
    rows.row("takeover_s", Rows.median(seconds), "s", GOAL_S);
    rows.row("takeover_lost", lost, "", Double.NaN);
    rows.append(Path.of(args[2]));
    System.exit(0);
  }

  private record Round(double seconds, long lost) {}

  private static Round round(TestedMesh mesh, Client a, Client b) throws Exception {
    String leader = mesh.leader();
    List<List<Call>> calls;
    long killed;
    try (ExecutorService load = Executors.newSingleThreadExecutor()) {
      var sending = load.submit(() -> FairnessBench.together(a, FairnessBench.RATE_A, b, ROUND_S));
      TimeUnit.SECONDS.sleep(KILL_AFTER_S);
      killed = System.nanoTime();
      mesh.kill(leader);
      calls = sending.get();
    }
    mesh.awaitReady(leader);
    long since = killed;
    long first =
        Stream.concat(calls.get(0).stream(), calls.get(1).stream())
            .filter(c -> c.sentNs > since)
            .mapToLong(Call::firstNs)
            .min()
            .orElse(Long.MAX_VALUE);
    return new Round(
        (first - killed) / 1e9,
        Figures.count(calls.get(0), Call.Outcome.LOST)
            + Figures.count(calls.get(1), Call.Outcome.LOST));
  }
}
