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
 * How long a pool is without a scheduler when the one that leads is killed with SIGKILL while a
 * tenant sends several times what is served: until the first token of a request that came after. It
 * is another tenant's, who has nothing waiting: the busy one's wait behind its own earlier ones,
 * whoever leads. The lease's life of 2 s is part of it.
 *
 * <p>Arguments: repository, folder for the mesh, file to append the results to.
 */
public final class Takeover {
  private static final int ROUNDS = 3;
  private static final int BUSY_OUTPUT_TOKENS = 64;
  private static final int OUTPUT_TOKENS = 8;

  /** Requests per second of the busy tenant: more than is served, and less than the edge costs. */
  private static final double BUSY_RATE = 40;

  private static final double RATE = 2;
  private static final double WARM_UP_S = 20;
  private static final double ROUND_S = 12;
  private static final long KILL_AFTER_S = 4;
  private static final double GOAL_S = 5;

  private Takeover() {}

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    Rows rows = new Rows();
    double[] seconds = new double[ROUNDS];
    long lost = 0;
    try (TestedMesh mesh = new TestedMesh(Path.of(args[0]), Path.of(args[1]))) {
      Client busy = mesh.client(mesh.tenant("busy", t -> t), BUSY_OUTPUT_TOKENS, 1);
      Client other = mesh.client(mesh.tenant("other", t -> t), OUTPUT_TOKENS, 2);
      TestedMesh.await(busy.send(BUSY_RATE, WARM_UP_S));
      for (int i = 0; i < ROUNDS; i++) {
        Round round = round(mesh, busy, other);
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

  private static Round round(TestedMesh mesh, Client busy, Client other) throws Exception {
    String leader = mesh.leader();
    List<Call> burst;
    List<Call> calls;
    long killed;
    try (ExecutorService load = Executors.newFixedThreadPool(2)) {
      var sending = load.submit(() -> busy.send(BUSY_RATE, ROUND_S));
      var asking = load.submit(() -> other.send(RATE, ROUND_S));
      TimeUnit.SECONDS.sleep(KILL_AFTER_S);
      killed = System.nanoTime();
      mesh.kill(leader);
      calls = asking.get();
      burst = sending.get();
    }
    TestedMesh.await(calls);
    TestedMesh.await(burst);
    mesh.awaitReady(leader);
    long since = killed;
    long first =
        calls.stream()
            .filter(call -> call.sentNs > since)
            .mapToLong(Call::firstNs)
            .min()
            .orElse(Long.MAX_VALUE);
    List<Call> lost =
        Stream.concat(calls.stream(), burst.stream())
            .filter(call -> call.outcome() == Call.Outcome.LOST)
            .toList();
    lost.forEach(call -> System.out.printf("lost %s: %s%n", call.requestId(), call.status()));
    return new Round((first - killed) / 1e9, lost.size());
  }
}
