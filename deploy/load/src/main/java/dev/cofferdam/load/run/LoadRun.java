package dev.cofferdam.load.run;

import dev.cofferdam.load.capacity.RateSearch;
import dev.cofferdam.load.capacity.WorkerPlan;
import dev.cofferdam.load.drive.Client;
import dev.cofferdam.load.drive.Clock;
import dev.cofferdam.load.drive.OpenLoop;
import dev.cofferdam.load.drive.Target;
import dev.cofferdam.load.drive.grpc.GrpcClient;
import dev.cofferdam.load.drive.rest.RestClient;
import dev.cofferdam.load.metrics.MetricsPages;
import dev.cofferdam.load.report.OverheadReport;
import dev.cofferdam.load.report.Report;
import dev.cofferdam.load.result.Figures;
import dev.cofferdam.load.result.Objective;
import dev.cofferdam.load.result.Outcome;
import dev.cofferdam.load.result.Results;
import dev.cofferdam.load.saturation.MetricsWatch;
import dev.cofferdam.load.saturation.Saturation;
import dev.cofferdam.load.scenario.Scenario;
import dev.cofferdam.load.scenario.Schedule;
import dev.cofferdam.load.scenario.Stream;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Drives a mesh. Connections stay open over the runs of an estimate; {@link #stop} ends whatever
 * runs, with the report of what was done.
 */
public final class LoadRun implements AutoCloseable {
  private static final int DRAIN_S = 30;
  private static final int DRAIN_OF_STEP_S = 10;
  private static final int IN_FLIGHT_MAX = 4_096;

  private final Target target;
  private final MetricsPages pages;
  private final MetricsWatch watch;
  private final Consumer<String> say;
  private final Map<String, Client> clients = new HashMap<>();
  private @Nullable OpenLoop loop;
  private boolean stopped;

  /**
   * @param metrics URL of the metrics of each process by its name; none: what is saturated stays
   *     unknown
   * @param say told a line of progress at a time
   */
  public LoadRun(Target target, Map<String, String> metrics, Consumer<String> say) {
    this.target = target;
    this.pages = new MetricsPages(metrics);
    this.watch = new MetricsWatch(pages);
    this.say = say;
  }

  /** Ends what runs, from another thread. */
  public synchronized void stop() {
    stopped = true;
    if (loop != null) {
      loop.stop();
    }
  }

  /**
   * Puts the mesh through a scenario.
   *
   * @throws IllegalArgumentException for a tenant without credentials, or too many requests
   */
  public Report once(Scenario scenario, long seed, Objective objective) {
    Results results = drive(scenario, seed, objective, DRAIN_S);
    return new Report(results, watch.highest());
  }

  /**
   * Looks for the highest rate of a scenario that keeps the objective.
   *
   * @param steps most rates that are tried
   * @param targetRate requests a second that workers are planned for; empty: twice what was kept
   */
  public Report capacity(
      Scenario scenario, long seed, Objective objective, int steps, OptionalDouble targetRate) {
    RateSearch search = new RateSearch(1, steps);
    List<List<String>> rows = new ArrayList<>();
    Saturation atKept = Saturation.UNKNOWN;
    Saturation atBroken = Saturation.UNKNOWN;
    double highest = 0;
    double lowest = Double.POSITIVE_INFINITY;
    Results last;
    do {
      double multiple = search.next().orElseThrow();
      last = drive(scenario.times(multiple), seed, objective, DRAIN_OF_STEP_S);
      Saturation used = watch.highest();
      if (isStopped()) {
        break;
      }
      Figures figures = last.all();
      Optional<String> broken = objective.brokenBy(figures);
      search.tried(multiple, broken);
      rows.add(row(scenario.perSecond() * multiple, figures, broken));
      say.accept(
          String.format(
              Locale.ROOT,
              "%.2f requests a second: %s",
              scenario.perSecond() * multiple,
              broken.orElse("kept")));
      if (broken.isEmpty() && multiple > highest) {
        highest = multiple;
        atKept = used;
      } else if (broken.isPresent() && multiple < lowest) {
        lowest = multiple;
        atBroken = used;
      }
    } while (search.next().isPresent());
    List<String> summary =
        summary(scenario.perSecond(), search.estimate(), atKept, atBroken, targetRate);
    return new Report(last, atKept.shares().isEmpty() ? atBroken : atKept)
        .with(new Report.CapacityLines(summary, rows));
  }

  /**
   * Measures what each mechanism of isolation costs a request of a standard and of an enterprise
   * tenant. Nothing else shall run on the mesh.
   *
   * @throws IllegalArgumentException where the mesh's metrics are not known, or there is no tenant
   *     of both tiers with an adapter
   * @throws IllegalStateException where a process was away or started anew, or no round was
   *     complete
   */
  public OverheadReport overhead(OverheadRounds rounds, long seed) throws InterruptedException {
    return rounds.run(
        target,
        pages,
        (scenario, of) -> drive(scenario, of, Objective.DEFAULT, DRAIN_S),
        seed,
        say);
  }

  private static List<String> row(double rate, Figures figures, Optional<String> broken) {
    return List.of(
        String.format(Locale.ROOT, "%.2f", rate),
        String.format(Locale.ROOT, "%.0f", figures.ttft().getValueAtPercentile(99) / 1e3),
        String.format(Locale.ROOT, "%.1f", figures.tokenTime().getValueAtPercentile(99) / 1e3),
        String.format(Locale.ROOT, "%.1f %%", figures.errorShare() * 100),
        broken.orElse("-"));
  }

  private static List<String> summary(
      double rate,
      RateSearch.Estimate estimate,
      Saturation atKept,
      Saturation atBroken,
      OptionalDouble targetRate) {
    List<String> lines = new ArrayList<>();
    double kept = rate * estimate.kept();
    if (estimate.kept() == 0) {
      lines.add("No rate that was tried keeps the objective.");
    } else {
      lines.add(
          String.format(Locale.ROOT, "The objective is kept at %.2f requests a second.", kept));
      lines.add("At that rate the mesh used at most: " + atKept.words() + ".");
    }
    if (!estimate.reason().isEmpty()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "At %.2f a second it breaks: %s.",
              rate * estimate.broken(),
              estimate.reason()));
      lines.add("There the mesh used at most: " + atBroken.words() + ".");
      if (isTenantLimit(estimate.reason())) {
        lines.add(
            "What broke is a limit of the tenant's own record and not the mesh: raise it with"
                + " ./cofferdam admin tenants put to see what the mesh takes.");
      }
    } else {
      lines.add("No rate broke it: allow more steps, or begin with a higher rate.");
    }
    if (estimate.kept() > 0 && atKept.workers() > 0) {
      double wanted = targetRate.orElse(2 * kept);
      WorkerPlan plan = WorkerPlan.of(atKept.workers(), kept, wanted, atKept.shares());
      lines.add(
          String.format(
              Locale.ROOT,
              "For %.2f requests a second of this mix, %d workers like these %d (%s), at %.0f %% of"
                  + " what they have; %s asks for the most.",
              wanted,
              plan.workers().orElse(1),
              atKept.workers(),
              plan.byResource(),
              WorkerPlan.PLANNED_SHARE * 100,
              plan.binding()));
    }
    return lines;
  }

  private static boolean isTenantLimit(String reason) {
    for (ErrorCode code : ErrorCode.values()) {
      if (code.category() == ErrorCode.Category.TENANT_LIMIT
          && reason.endsWith(" " + code.wireName())) {
        return true;
      }
    }
    return false;
  }

  private Results drive(Scenario scenario, long seed, Objective objective, int drainS) {
    Map<TenantId, Double> weights = new HashMap<>();
    for (Stream stream : scenario.streams()) {
      weights.put(stream.tenant(), target.of(stream.tenant()).weight());
    }
    OpenLoop current =
        new OpenLoop(
            this::client,
            Clock.SYSTEM,
            new OpenLoop.Bounds(IN_FLIGHT_MAX, drainS),
            (seconds, sent, inFlight, ended) ->
                say.accept(
                    String.format(
                        Locale.ROOT,
                        "%3.0f s of %.0f: %d sent, %d in flight, %d ended",
                        seconds,
                        scenario.seconds(),
                        sent,
                        inFlight,
                        ended)));
    synchronized (this) {
      loop = current;
      if (stopped) {
        current.stop();
      }
    }
    long beganNs = System.nanoTime();
    List<Outcome> outcomes = current.run(Schedule.of(scenario, seed));
    double seconds =
        current.wasStopped()
            ? Math.max(1, Math.min(scenario.seconds(), (System.nanoTime() - beganNs) / 1e9))
            : scenario.seconds();
    return new Results(
        scenario, seed, objective, seconds, !current.wasStopped(), outcomes, weights);
  }

  private synchronized boolean isStopped() {
    return stopped;
  }

  /** A connection for each tenant and API: a free tenant may have no more than two. */
  private Client client(Stream stream) {
    return clients.computeIfAbsent(
        stream.tenant() + " " + stream.api(),
        unused ->
            switch (stream.api()) {
              case GRPC -> new GrpcClient(target, stream.tenant());
              case REST -> new RestClient(target, stream.tenant());
            });
  }

  @Override
  public void close() {
    watch.close();
    pages.close();
    clients.values().forEach(Client::close);
  }
}
