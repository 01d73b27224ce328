package dev.cofferdam.load.run;

import dev.cofferdam.load.arrivals.Arrivals;
import dev.cofferdam.load.drive.Target;
import dev.cofferdam.load.metrics.MetricsPages;
import dev.cofferdam.load.metrics.Samples;
import dev.cofferdam.load.overhead.Interval;
import dev.cofferdam.load.overhead.Overhead;
import dev.cofferdam.load.overhead.Overhead.Round;
import dev.cofferdam.load.report.OverheadReport;
import dev.cofferdam.load.result.Figures;
import dev.cofferdam.load.result.Results;
import dev.cofferdam.load.scenario.Scenario;
import dev.cofferdam.load.scenario.Stream;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Rounds of requests that tell the mechanisms of isolation apart. A round has four phases: each
 * tenant alone, both on the base model, and both with their adapters; the last two send the same
 * requests, and take turns in who goes first.
 *
 * @param count rounds
 * @param phaseS seconds in which the requests of a phase come
 * @param perSecond requests a second of a tenant
 */
public record OverheadRounds(int count, double phaseS, double perSecond) {
  private static final Stream.Range INPUT_WORDS = new Stream.Range(10, 40);
  private static final Stream.Range OUTPUT_TOKENS = new Stream.Range(16, 64);
  private static final String REQUESTS = "cofferdam_requests_total";
  private static final long LOOK_MS = 250;
  private static final int LOOKS_MAX = 120;

  /** Puts the mesh through a scenario. */
  interface Drive {
    Results drive(Scenario scenario, long seed);
  }

  /** One run of the rounds. */
  private final class Run {
    private final MetricsPages pages;
    private final Drive drive;
    private final Consumer<String> say;
    private long unserved;
    private boolean stopped;

    Run(MetricsPages pages, Drive drive, Consumer<String> say) {
      this.pages = pages;
      this.drive = drive;
      this.say = say;
    }

    Interval phase(String name, long seed, Stream... streams) throws InterruptedException {
      Map<String, Samples> before = atRest(0);
      Results results = drive.drive(new Scenario(name, "", phaseS, Arrays.asList(streams)), seed);
      Figures all = results.all();
      unserved += all.requests() - all.served();
      stopped |= !results.complete();
      return new Interval(before, atRest(sum(before, REQUESTS) + all.served()));
    }

    /**
     * What all processes say once nothing is on its way any more.
     *
     * @param ended requests that have ended by then, at least
     */
    private Map<String, Samples> atRest(double ended) throws InterruptedException {
      Map<String, Samples> last = pages.readAll();
      for (int look = 0; look < LOOKS_MAX; look++) {
        Thread.sleep(LOOK_MS);
        Map<String, Samples> now = pages.readAll();
        if (sum(now, REQUESTS) >= ended
            && sum(now, "cofferdam_worker_sequences_live") == 0
            && Arrays.equals(work(last), work(now))) {
          return now;
        }
        last = now;
      }
      throw new IllegalStateException(
          "the mesh does not come to rest: what isolation costs is measured with nothing else on"
              + " it");
    }

    private static double[] work(Map<String, Samples> processes) {
      return DoubleStream.of(
              sum(processes, "cofferdam_isolation_overhead_seconds_total"),
              sum(processes, "cofferdam_worker_steps_total"),
              sum(processes, "cofferdam_kv_blocks_cached"),
              sum(processes, "cofferdam_kv_blocks_zeroed_total"))
          .toArray();
    }

    private static double sum(Map<String, Samples> processes, String name) {
      return processes.values().stream().mapToDouble(s -> s.sum(name)).sum();
    }
  }

  /** See {@link LoadRun#overhead}. */
  OverheadReport run(
      Target target, MetricsPages pages, Drive drive, long seed, Consumer<String> say)
      throws InterruptedException {
    if (pages.isEmpty()) {
      throw new IllegalArgumentException("the metrics of the mesh's processes are needed");
    }
    TenantId standard = tenant(target, Tier.STANDARD);
    TenantId enterprise = tenant(target, Tier.ENTERPRISE);
    Run run = new Run(pages, drive, say);
    Stream[] base = {stream("together", standard, ""), stream("together", enterprise, "")};
    Stream[] own = {
      stream("together", standard, Stream.OWN), stream("together", enterprise, Stream.OWN)
    };
    say.accept("warming up");
    run.phase("warm-up", seed, base);
    run.phase("warm-up", seed, own);
    List<Round> rounds = new ArrayList<>();
    while (rounds.size() < count && !run.stopped) {
      // Questions of their own in each round and phase: none finds its prompt in a cache.
      long of = seed + 1 + rounds.size();
      run.say.accept("round " + (rounds.size() + 1) + " of " + count);
      Interval alone = run.phase("standard", of, stream("alone", standard, ""));
      Interval served = run.phase("enterprise", of, stream("alone", enterprise, Stream.OWN));
      Optional<Interval> first =
          rounds.size() % 2 == 0 ? Optional.of(run.phase("base", of, base)) : Optional.empty();
      Interval adapters = run.phase("adapters", of, own);
      Interval plain = first.isPresent() ? first.get() : run.phase("base", of, base);
      if (!run.stopped) {
        rounds.add(new Round(alone, served, plain, adapters));
      }
    }
    if (rounds.isEmpty()) {
      throw new IllegalStateException("no round was complete");
    }
    return new OverheadReport(
        Overhead.of(rounds, standard, enterprise), rounds.size(), perSecond, seed, run.unserved);
  }

  private static TenantId tenant(Target target, Tier tier) {
    TenantId tenant =
        target
            .first(tier)
            .orElseThrow(
                () -> new IllegalArgumentException("no tenant of the tier " + tier.label()));
    if (target.of(tenant).adapter().isEmpty()) {
      throw new IllegalArgumentException("the tenant " + tenant + " has no adapter");
    }
    return tenant;
  }

  /** Evenly spread, so that each phase has as many. */
  private double[] times() {
    return IntStream.range(0, Math.max(1, (int) Math.round(phaseS * perSecond)))
        .mapToDouble(i -> (i + 0.5) / perSecond)
        .toArray();
  }

  private Stream stream(String name, TenantId tenant, String adapter) {
    return new Stream(
        name + "-" + tenant,
        tenant,
        Stream.Api.GRPC,
        adapter,
        WorkloadClass.INTERACTIVE,
        new Arrivals.Trace(times()),
        0,
        phaseS,
        INPUT_WORDS,
        0,
        OUTPUT_TOKENS);
  }
}
