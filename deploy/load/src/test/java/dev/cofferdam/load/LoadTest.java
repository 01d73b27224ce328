package dev.cofferdam.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.load.arrivals.Arrivals;
import dev.cofferdam.load.capacity.RateSearch;
import dev.cofferdam.load.capacity.WorkerPlan;
import dev.cofferdam.load.drive.Client;
import dev.cofferdam.load.drive.Clock;
import dev.cofferdam.load.drive.OpenLoop;
import dev.cofferdam.load.report.Report;
import dev.cofferdam.load.result.Objective;
import dev.cofferdam.load.result.Outcome;
import dev.cofferdam.load.result.Results;
import dev.cofferdam.load.saturation.Saturation;
import dev.cofferdam.load.scenario.Planned;
import dev.cofferdam.load.scenario.Question;
import dev.cofferdam.load.scenario.Scenario;
import dev.cofferdam.load.scenario.Schedule;
import dev.cofferdam.load.scenario.yaml.ScenarioFile;
import dev.cofferdam.vocabulary.TenantId;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadTest {
  private static final TenantId BOOKS = new TenantId("harbor-books");
  private static final TenantId PIRATES = new TenantId("pixel-pirates");
  private static final long MS = 1_000_000;

  /** Time that passes only when somebody sleeps, and what happens in it. */
  private static final class FakeClock implements Clock {
    private record Due(long nanos, Runnable what) {}

    private final PriorityQueue<Due> due = new PriorityQueue<>(Comparator.comparing(Due::nanos));
    private long now = 5 * MS;

    @Override
    public long nanos() {
      return now;
    }

    @Override
    public void sleepUntil(long nanos) {
      while (!due.isEmpty() && due.peek().nanos() <= nanos) {
        Due next = due.remove();
        now = Math.max(now, next.nanos());
        next.what().run();
      }
      now = Math.max(now, nanos);
    }

    void at(long nanos, Runnable what) {
      due.add(new Due(nanos, what));
    }
  }

  /**
   * A server that answers one request at a time, 20 ms until the first token and 1 ms for each that
   * follows, and refuses what would wait longer than a second.
   */
  private static final class OneAtATime implements Client {
    private final FakeClock clock;
    private long freeNs;

    OneAtATime(FakeClock clock) {
      this.clock = clock;
    }

    @Override
    public Runnable send(Planned planned, Answers answers) {
      long begin = Math.max(freeNs, clock.nanos());
      if (begin - clock.nanos() > 1_000 * MS) {
        answers.refused("queue_full");
        return () -> {};
      }
      long first = begin + 20 * MS;
      freeNs = first + (planned.outputTokens() - 1) * MS;
      clock.at(first, answers::output);
      clock.at(freeNs, () -> answers.served(planned.inputWords(), 0, planned.outputTokens()));
      return () -> {};
    }

    @Override
    public void close() {}
  }

  private static Scenario scenario(String text) {
    return ScenarioFile.read(new StringReader(text));
  }

  private static Scenario ofOne(double rate) {
    return scenario(
        "{seconds: 30, streams: [{tenant: harbor-books, rate: "
            + rate
            + ", input_words: 10, output_tokens: 11}]}");
  }

  private static Results run(Scenario scenario, long seed) {
    FakeClock clock = new FakeClock();
    OneAtATime server = new OneAtATime(clock);
    OpenLoop loop =
        new OpenLoop(
            stream -> server,
            clock,
            new OpenLoop.Bounds(1_000, 10),
            (s, sent, flying, ended) -> {});
    return new Results(
        scenario,
        seed,
        Objective.DEFAULT,
        scenario.seconds(),
        true,
        loop.run(Schedule.of(scenario, seed)),
        Map.of(BOOKS, 1.0, PIRATES, 1 / 3.0));
  }

  @Test
  void poissonArrivalsHaveTheRateAndTheSpreadOfTheirKind() {
    SplittableRandom random = new SplittableRandom(7);
    Arrivals.Poisson arrivals = new Arrivals.Poisson(50);
    int[] perSecond = new int[2_000];
    for (long at = arrivals.next(0, random).getAsLong();
        at < perSecond.length * 1_000_000L;
        at = arrivals.next(at, random).getAsLong()) {
      perSecond[(int) (at / 1_000_000)]++;
    }
    double mean = Arrays.stream(perSecond).average().orElseThrow();
    double variance =
        Arrays.stream(perSecond).mapToDouble(n -> (n - mean) * (n - mean)).average().orElseThrow();
    assertThat(mean).isCloseTo(50, within(0.6));
    assertThat(variance / mean).as("of a Poisson process it is 1").isCloseTo(1, within(0.12));
  }

  @Test
  void burstsComeAtTheEndOfTheirPeriodAndAsDenseAsWanted() {
    SplittableRandom random = new SplittableRandom(8);
    Arrivals.Bursts arrivals = new Arrivals.Bursts(2, 20, 10, 2);
    int within = 0;
    int outside = 0;
    for (long at = arrivals.next(0, random).getAsLong();
        at < 4_000_000_000L;
        at = arrivals.next(at, random).getAsLong()) {
      if (at / 1e6 % 10 >= 8) {
        within++;
      } else {
        outside++;
      }
    }
    assertThat(within / 800.0).isCloseTo(20, within(0.8));
    assertThat(outside / 3_200.0).isCloseTo(2, within(0.15));
    assertThat(arrivals.perSecond()).isCloseTo(5.6, within(1e-9));
  }

  @Test
  void aTraceComesAsRecordedAndEnds() {
    Arrivals trace = new Arrivals.Trace(3, 0.5, 0.5).times(2);
    SplittableRandom random = new SplittableRandom(1);
    assertThat(trace.next(0, random)).hasValue(250_000);
    assertThat(trace.next(250_000, random)).hasValue(250_001);
    assertThat(trace.next(250_001, random)).hasValue(1_500_000);
    assertThat(trace.next(1_500_000, random)).isEqualTo(OptionalLong.empty());
  }

  @Test
  void thePlanIsTheSameForASeedAndAStreamsDoesNotDependOnOthers() {
    Scenario noisy = ScenarioFile.named("noisy-neighbour").orElseThrow();
    assertThat(Schedule.of(noisy, 3)).isEqualTo(Schedule.of(noisy, 3));
    assertThat(Schedule.of(noisy, 3)).isNotEqualTo(Schedule.of(noisy, 4));
    Scenario quiet = new Scenario("quiet", "", noisy.seconds(), noisy.streams().subList(0, 2));
    assertThat(timesOf(Schedule.of(noisy, 3), BOOKS))
        .isEqualTo(timesOf(Schedule.of(quiet, 3), BOOKS));
    assertThat(timesOf(Schedule.of(noisy, 3), PIRATES))
        .allMatch(us -> us >= 20_000_000 && us < 40_000_000);
    assertThatThrownBy(() -> Schedule.of(noisy.times(100).lasting(3_600), 1))
        .hasMessageContaining("200000");
  }

  private static List<Long> timesOf(List<Planned> plan, TenantId tenant) {
    return plan.stream()
        .filter(p -> p.stream().tenant().equals(tenant))
        .map(Planned::atUs)
        .toList();
  }

  @Test
  void questionsDifferBehindWhatTheirStreamShares() {
    List<Planned> plan = Schedule.of(ScenarioFile.named("long-context").orElseThrow(), 1);
    List<String> questions =
        plan.stream().filter(p -> p.stream().name().equals("documents")).map(Question::of).toList();
    assertThat(questions).doesNotHaveDuplicates().hasSizeGreaterThan(5);
    assertThat(questions)
        .extracting(q -> q.split("Ticket ")[0])
        .containsOnly(questions.getFirst().split("Ticket ")[0]);
  }

  @Test
  void latencyCountsFromWhenARequestWasMeantToStart() {
    // 50 a second of 30 ms each: a third of the requests has no time. Whoever counted from when
    // they were served would see 20 ms throughout.
    Results results = run(ofOne(50), 1);
    assertThat(results.all().ttft().getValueAtPercentile(99)).isGreaterThan(900_000);
    assertThat(results.all().codes()).containsOnlyKeys("queue_full");
    assertThat(results.all().served()).isCloseTo(30_000 / 30, within(50L));
    Results calm = run(ofOne(2), 1);
    assertThat(calm.all().ttft().getValueAtPercentile(50)).isCloseTo(20_000, within(100L));
    assertThat(calm.all().tokenTime().getValueAtPercentile(99)).isCloseTo(1_000, within(10L));
    assertThat(calm.all().good()).isEqualTo(calm.all().requests());
  }

  @Test
  void whatHangsIsCutOffAndCountedOnce() {
    FakeClock clock = new FakeClock();
    boolean[] cancelled = new boolean[1];
    Client silent =
        new Client() {
          @Override
          public Runnable send(Planned planned, Answers answers) {
            return () -> {
              cancelled[0] = true;
              answers.refused("cancelled");
            };
          }

          @Override
          public void close() {}
        };
    Scenario scenario = ofOne(10);
    List<Planned> plan = Schedule.of(scenario, 1);
    List<Outcome> outcomes =
        new OpenLoop(s -> silent, clock, new OpenLoop.Bounds(20, 5), (a, b, c, d) -> {}).run(plan);
    assertThat(outcomes).hasSameSizeAs(plan);
    assertThat(cancelled[0]).isTrue();
    assertThat(outcomes.stream().filter(o -> o.code().equals(Outcome.CUT_OFF))).hasSize(20);
    assertThat(outcomes.stream().filter(o -> o.code().equals(Outcome.CLIENT_OVERRUN)))
        .hasSize(plan.size() - 20);
  }

  @Test
  void jainsIndexIsOneWhereTokensFollowWeights() {
    Results results =
        run(
            scenario(
                """
                seconds: 30
                streams:
                  - {tenant: harbor-books, rate: 3, input_words: 3, output_tokens: 3}
                  - {tenant: pixel-pirates, rate: 1, input_words: 3, output_tokens: 3}
                """),
            5);
    assertThat(results.jain(results.byTenant())).isCloseTo(1, within(0.05));
  }

  @Test
  void theSearchFindsTheRateAtWhichTheObjectiveBreaksAndSaysWhy() {
    RateSearch search = new RateSearch(1, 12);
    Scenario scenario = ofOne(10);
    for (OptionalDouble next = search.next(); next.isPresent(); next = search.next()) {
      Results results = run(scenario.times(next.getAsDouble()), 1);
      search.tried(next.getAsDouble(), Objective.DEFAULT.brokenBy(results.all()));
    }
    RateSearch.Estimate estimate = search.estimate();
    // The server takes 33 a second.
    assertThat(estimate.kept() * 10).isBetween(22.0, 36.0);
    assertThat(estimate.broken() / estimate.kept()).isLessThanOrEqualTo(1.12);
    assertThat(estimate.reason()).isNotEmpty();

    RateSearch never = new RateSearch(1, 3);
    for (OptionalDouble next = never.next(); next.isPresent(); next = never.next()) {
      never.tried(next.getAsDouble(), Optional.of("broken"));
    }
    assertThat(never.estimate().kept()).isZero();
  }

  @Test
  void workersAreThoseOfTheResourceThatAsksForMost() {
    WorkerPlan plan = WorkerPlan.of(2, 10, 40, Map.of("slots", 0.4, "KV", 0.1));
    assertThat(plan.byResource()).isEqualTo(Map.of("slots", 4, "KV", 1));
    assertThat(plan.workers()).hasValue(4);
    assertThat(plan.binding()).isEqualTo("slots");
  }

  @Test
  void theReportStandsAloneAndItsHistogramsCanBeReadAgain(@TempDir Path folder) throws Exception {
    Results results =
        run(
            scenario(
                """
                name: <b>"hostile"</b>
                seconds: 20
                streams:
                  - {tenant: harbor-books, rate: 10, input_words: 3, output_tokens: 11}
                  - {tenant: pixel-pirates, rate: 60, from_s: 5, until_s: 15, input_words: 3, output_tokens: 11}
                """),
            5);
    Report report = new Report(results, Saturation.UNKNOWN);
    assertThat(report.kept()).isFalse();
    assertThat(report.text()).contains("harbor-books", "queue_full", "5 s to 15 s", "Jain");
    String page = Files.readString(report.write(folder));
    assertThat(page)
        .contains("&lt;b&gt;", "<svg", "Not served, by code", "queue_full")
        .doesNotContain("<script", "<b>", "http:", "https:", "NaN");
    JsonNode json = new ObjectMapper().readTree(folder.resolve("report.json").toFile());
    assertThat(json.path("all").path("requests").asLong()).isEqualTo(results.outcomes().size());
    assertThat(json.path("phases")).hasSize(3);
    try (HistogramLogReader log =
        new HistogramLogReader(folder.resolve("histograms.hlog").toFile())) {
      long count = 0;
      while (log.hasNext()) {
        if (log.nextIntervalHistogram() instanceof Histogram histogram
            && histogram.getTag().startsWith("ttft/")) {
          count += histogram.getTotalCount();
        }
      }
      assertThat(count).isEqualTo(results.all().served());
    }
  }

  @Test
  void namedScenariosHoldAndWrongFilesAreRefusedByTheirLine() {
    for (String name : ScenarioFile.NAMED) {
      Scenario scenario = ScenarioFile.named(name).orElseThrow();
      assertThat(scenario.name()).isEqualTo(name);
      assertThat(Schedule.of(scenario.lasting(10), 1)).isNotEmpty();
    }
    assertThatThrownBy(() -> scenario("seconds: 10\nstreams:\n  - {tenant: a, rte: 3}"))
        .hasMessageContaining("line 3: rte");
    assertThatThrownBy(
            () ->
                scenario(
                    "seconds: 10\n"
                        + "streams:\n"
                        + "  - {tenant: a, rate: -3, input_words: 1, output_tokens: 1}"))
        .hasMessageContaining("line 3: rate: -3");
    assertThatThrownBy(() -> scenario("seconds: 10\nstreams: []")).hasMessageContaining("line 1");
  }
}
