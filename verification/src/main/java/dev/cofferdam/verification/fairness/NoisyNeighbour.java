package dev.cofferdam.verification.fairness;

import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.verification.bench.Rows;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A minute in which B sends twenty times what A does, and a worker, the scheduler that leads and
 * the router are killed with SIGKILL: what A waits, and whether every request of both ended once,
 * and was billed once.
 */
final class NoisyNeighbour {
  private static final double ALONE_S = 15;
  private static final double MINUTE_S = 60;
  private static final long KILL_EVERY_S = 15;
  private static final int LEDGER_TRIES = 120;

  private final TestedMesh mesh;
  private final int outputTokens;

  NoisyNeighbour(TestedMesh mesh, int outputTokens) {
    this.mesh = mesh;
    this.outputTokens = outputTokens;
  }

  /** Measures, and adds the figures to others. */
  void run(Rows rows) throws InterruptedException {
    TestedMesh.Key keyA = mesh.tenant("victim", t -> t);
    TestedMesh.Key keyB = mesh.tenant("noisy", t -> t);
    Client a = mesh.client(keyA, outputTokens, 4);
    Client b = mesh.client(keyB, outputTokens, 5);
    List<Call> alone = a.send(FairnessBench.RATE_A, ALONE_S);
    TestedMesh.await(alone);
    List<List<Call>> calls;
    try (ExecutorService killer = Executors.newSingleThreadExecutor()) {
      killer.execute(this::kill);
      calls = FairnessBench.together(a, FairnessBench.RATE_A, b, MINUTE_S);
    }
    report(rows, alone, calls.get(0), calls.get(1));
    List<Call> all = new ArrayList<>(calls.get(0));
    all.addAll(calls.get(1));
    rows.row("noisy_lost", Figures.count(all, Call.Outcome.LOST), "", Double.NaN);
    rows.row("noisy_doubled", billedWrongly(all, keyA, keyB), "", Double.NaN);
  }

  private void kill() {
    try {
      for (int i = 0; i < 3; i++) {
        TimeUnit.SECONDS.sleep(KILL_EVERY_S);
        String process = i == 0 ? "worker-1" : i == 1 ? mesh.leader() : "router";
        System.out.printf("Killing %s%n", process);
        mesh.kill(process);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void report(Rows rows, List<Call> alone, List<Call> a, List<Call> b) {
    System.out.println();
    for (double share : new double[] {0.5, 0.99}) {
      rows.row(
          String.format(Locale.ROOT, "noisy_victim_ttft_p%.0f_ms", 100 * share),
          Figures.ttftMs(a, share),
          "ms",
          Figures.ttftMs(alone, share));
    }
    long servedA = Figures.count(a, Call.Outcome.SERVED);
    long servedB = Figures.count(b, Call.Outcome.SERVED);
    rows.row("noisy_victim_served", servedA, "", a.size());
    rows.row("noisy_neighbour_served", servedB, "", b.size());
    rows.row("noisy_victim_refused", Figures.count(a, Call.Outcome.REFUSED), "", a.size());
    Map<String, Integer> ends = new TreeMap<>();
    for (List<Call> calls : List.of(a, b)) {
      calls.stream()
          .filter(c -> c.outcome() != Call.Outcome.SERVED)
          .forEach(
              c ->
                  ends.merge(
                      (calls == a ? "A " : "B ")
                          + c.outcome()
                          + ' '
                          + c.status().getCode()
                          + ' '
                          + c.status().getDescription(),
                      1,
                      Integer::sum));
    }
    ends.forEach((end, count) -> System.out.printf("  %6d %s%n", count, end));
  }

  /** Answers of which the ledger has other than what came, once it had time to get them. */
  private long billedWrongly(List<Call> calls, TestedMesh.Key a, TestedMesh.Key b)
      throws InterruptedException {
    long wrong = 0;
    for (int i = 0; i < LEDGER_TRIES; i++) {
      Map<String, Long> billed =
          Stream.of(a, b)
              .flatMap(key -> mesh.ledger(key.tenant()).stream())
              .collect(
                  Collectors.toMap(UsageRow::getRequestId, UsageRow::getOutputTokens, Long::sum));
      wrong =
          calls.stream()
              .filter(c -> c.outcome() == Call.Outcome.SERVED)
              .filter(c -> billed.getOrDefault(c.requestId(), 0L) != outputTokens)
              .count();
      if (wrong == 0) {
        break;
      }
      TimeUnit.MILLISECONDS.sleep(500);
    }
    return wrong;
  }
}
