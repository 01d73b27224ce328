package dev.cofferdam.verification.fairness;

import dev.cofferdam.verification.bench.Rows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * Two tenants on a real mesh: A sends 10 requests a second, B bursts at 200, about four times what
 * is served, under each policy; then a minute of the same in which a worker, the scheduler that
 * leads and the router are killed. What waits or is refused is said by the clients, what is billed
 * by the ledger.
 *
 * <p>Arguments: repository, folder for the mesh, output file.
 */
public final class FairnessBench {
  static final double RATE_A = 10;
  static final double RATE_B = 200;

  private static final double SERVED_PER_SECOND = 50;
  private static final double WARM_UP_S = 16;
  private static final double ALONE_S = 8;
  private static final double BURST_S = 15;
  private static final double TOGETHER_RATE_A = 60;
  private static final double TOGETHER_S = 8;

  private final TestedMesh mesh;
  private final Rows rows = new Rows();
  private final List<Call> alone = new ArrayList<>();
  private final List<Run> runs = new ArrayList<>();
  private int outputTokens = 64;
  private double capacity;

  /** What a policy gave. */
  private record Run(
      MeshPolicy policy,
      TestedMesh.Key keyA,
      List<Call> burstA,
      List<Call> burstB,
      List<Call> bothA,
      List<Call> bothB) {}

  private FairnessBench(TestedMesh mesh) {
    this.mesh = mesh;
  }

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    try (TestedMesh mesh = new TestedMesh(Path.of(args[0]), Path.of(args[1]))) {
      FairnessBench bench = new FairnessBench(mesh);
      bench.warmUp();
      for (MeshPolicy policy : MeshPolicy.values()) {
        bench.run(policy);
      }
      bench.report();
      new NoisyNeighbour(mesh, bench.outputTokens).run(bench.rows);
      bench.rows.write(Path.of(args[2]));
    }
    System.exit(0);
  }

  /** Until the code is compiled; then answers get the length at which the mesh serves as many. */
  private void warmUp() throws InterruptedException {
    double tokensPerSecond = served(WARM_UP_S) * outputTokens;
    tokensPerSecond = served(WARM_UP_S / 2) * outputTokens;
    outputTokens = (int) Math.clamp(tokensPerSecond / SERVED_PER_SECOND, 16, 1_024);
    capacity = served(WARM_UP_S / 2);
    System.out.printf(
        Locale.ROOT,
        "%.0f tokens a second; answers of %d tokens, of which %.0f a second are served%n",
        tokensPerSecond,
        outputTokens,
        capacity);
  }

  /** Requests that are served a second while more wait. */
  private double served(double seconds) throws InterruptedException {
    Client client = mesh.client(mesh.tenant("warm", t -> t), outputTokens, 1);
    long start = System.nanoTime();
    List<Call> calls = client.send(RATE_B, seconds);
    long until = System.nanoTime();
    TestedMesh.await(calls);
    double tokens = calls.stream().mapToDouble(c -> c.tokensAt(until)).sum();
    return tokens / outputTokens * 1e9 / (until - start);
  }

  private void run(MeshPolicy policy) throws InterruptedException {
    int perMinute = Math.max(60, (int) (capacity * 0.45 * 60));
    TestedMesh.Key keyA = mesh.tenant("a", t -> policy.a(t, perMinute));
    TestedMesh.Key keyB =
        policy == MeshPolicy.FIFO ? keyA : mesh.tenant("b", t -> policy.b(t, perMinute));
    Client a = mesh.client(keyA, outputTokens, 2);
    Client b = mesh.client(keyB, outputTokens, 3);
    List<Call> before = a.send(RATE_A, ALONE_S);
    TestedMesh.await(before);
    alone.addAll(before);
    List<List<Call>> burst = together(a, RATE_A, b, BURST_S);
    List<List<Call>> both = together(a, TOGETHER_RATE_A, b, TOGETHER_S);
    if (policy == MeshPolicy.DEDICATED) {
      mesh.remove(keyA); // else its worker would serve nobody else
    }
    Run run = new Run(policy, keyA, burst.get(0), burst.get(1), both.get(0), both.get(1));
    runs.add(run);
    System.out.printf(
        Locale.ROOT,
        "%s: A's p99 %.0f ms, lost %d%n",
        policy.label(),
        Figures.ttftMs(run.burstA, 0.99),
        lost(run));
  }

  private void report() {
    double aloneMs = Figures.ttftMs(alone, 0.99);
    System.out.printf(
        Locale.ROOT,
        "A alone: p50 %.1f ms, p99 %.1f ms%n%n%-26s %10s %10s %10s %8s %10s %9s %11s %14s %6s%n",
        Figures.ttftMs(alone, 0.5),
        aloneMs,
        "A 10/s, B 200/s",
        "A p50 TTFT",
        "A p99 TTFT",
        "in queue",
        "/ alone",
        "B p99 TTFT",
        "fairness",
        "both waited",
        "refused A / B",
        "lost");
    for (Run run : runs) {
      Figures.Shares shares = shares(run, (long) (aloneMs * 1e6));
      System.out.printf(
          Locale.ROOT,
          "%-26s %7.1f ms %7.1f ms %7.1f ms %8.2f %7.0f ms %9.3f %9.1f s %6d / %5d %6d%n",
          run.policy.label(),
          Figures.ttftMs(run.burstA, 0.5),
          Figures.ttftMs(run.burstA, 0.99),
          Figures.queuedMs(run.burstA, mesh.ledger(run.keyA.tenant()), 0.99),
          Figures.ttftMs(run.burstA, 0.99) / aloneMs,
          Figures.ttftMs(run.burstB, 0.99),
          shares.jain(),
          shares.seconds(),
          Figures.count(run.burstA, Call.Outcome.REFUSED),
          Figures.count(run.burstB, Call.Outcome.REFUSED),
          lost(run));
    }
    System.out.println();
    rows.head();
    rows.row("mesh_alone_a_ttft_p99_ms", aloneMs, "ms", Double.NaN);
    for (Run run : runs) {
      String name = "mesh_" + run.policy.metric();
      rows.row(name + "_a_ttft_p99_ms", Figures.ttftMs(run.burstA, 0.99), "ms", aloneMs);
      rows.row(name + "_b_ttft_p99_ms", Figures.ttftMs(run.burstB, 0.99), "ms", aloneMs);
      double jain = shares(run, (long) (aloneMs * 1e6)).jain();
      if (!Double.isNaN(jain)) {
        rows.row(name + "_jain_weighted", jain, "", 1);
      }
      rows.row(name + "_lost", lost(run), "", Double.NaN);
    }
  }

  private static Figures.Shares shares(Run run, long waitedNs) {
    return Figures.whileAllWait(
        List.of(run.bothA, run.bothB), new double[] {run.policy.weightOfA(), 1}, waitedNs);
  }

  private static long lost(Run run) {
    return Stream.of(run.burstA, run.burstB, run.bothA, run.bothB)
        .mapToLong(calls -> Figures.count(calls, Call.Outcome.LOST))
        .sum();
  }

  static List<List<Call>> together(Client a, double rateOfA, Client b, double seconds)
      throws InterruptedException {
    try (ExecutorService other = Executors.newSingleThreadExecutor()) {
      CompletableFuture<List<Call>> callsOfB = new CompletableFuture<>();
      other.execute(
          () -> {
            try {
              callsOfB.complete(b.send(RATE_B, seconds));
            } catch (InterruptedException | RuntimeException e) {
              callsOfB.completeExceptionally(e);
            }
          });
      List<Call> callsOfA = a.send(rateOfA, seconds);
      List<Call> others = callsOfB.join();
      TestedMesh.await(callsOfA);
      TestedMesh.await(others);
      return List.of(callsOfA, others);
    }
  }
}
