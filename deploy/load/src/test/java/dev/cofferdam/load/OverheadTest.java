package dev.cofferdam.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.load.metrics.Samples;
import dev.cofferdam.load.overhead.Interval;
import dev.cofferdam.load.overhead.Mechanism;
import dev.cofferdam.load.overhead.Overhead;
import dev.cofferdam.load.overhead.Overhead.Estimate;
import dev.cofferdam.load.overhead.Overhead.Round;
import dev.cofferdam.load.report.OverheadReport;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OverheadTest {
  private static final TenantId BOOKS = new TenantId("harbor-books");
  private static final TenantId PIRATES = new TenantId("pixel-pirates");
  private static final Offset<Double> TINY = within(1e-9);

  /** The counters of a mesh of two workers, as their pages show them. */
  private static final class Pages {
    private final Map<String, String> born = new HashMap<>();
    private final Map<String, Map<String, Double>> counters = new HashMap<>();

    Pages() {
      // What a mesh had done before is no part of what is measured.
      for (String process : List.of("gateway", "router", "worker-1", "worker-2", "metering")) {
        born.put(process, "1000");
        add(process, "cofferdam_isolation_overhead_seconds_total{mechanism=\"audit\"}", 5);
        add(process, "tenant_gpu_compute_seconds_total{tenant=\"harbor-books\",tier=\"x\"}", 9);
        add(process, "cofferdam_kv_blocks_zeroed_total", 70);
      }
    }

    Pages add(String process, String counter, double by) {
      counters.computeIfAbsent(process, p -> new HashMap<>()).merge(counter, by, Double::sum);
      return this;
    }

    Pages served(TenantId tenant, int requests, double seconds) {
      String labels = "{tenant=\"" + tenant + "\",tier=\"x\"";
      return add("gateway", "cofferdam_requests_total" + labels + ",code=\"ok\"}", requests)
          .add("gateway", "cofferdam_latency_seconds_count" + labels + "}", requests)
          .add("gateway", "cofferdam_latency_seconds_sum" + labels + "}", seconds);
    }

    Pages took(String process, Mechanism mechanism, double seconds) {
      return add(
          process,
          "cofferdam_isolation_overhead_seconds_total{mechanism=\"" + mechanism.label() + "\"}",
          seconds);
    }

    /** Both the worker that did it and the service that books it count a tenant's time. */
    Pages computed(String worker, TenantId tenant, double seconds) {
      String name = "tenant_gpu_compute_seconds_total{tenant=\"" + tenant + "\",tier=\"x\"}";
      return add(worker, name, seconds).add("metering", name, seconds);
    }

    Pages restarted(String process) {
      born.put(process, "2000");
      return this;
    }

    Map<String, Samples> read() {
      Map<String, Samples> pages = new HashMap<>();
      counters.forEach(
          (process, values) -> {
            StringBuilder page = new StringBuilder("# HELP what it is\n# TYPE x counter\n");
            page.append("process_start_time_seconds ").append(born.get(process)).append('\n');
            values.forEach(
                (name, value) -> page.append(String.format(Locale.ROOT, "%s %.6f%n", name, value)));
            pages.put(process, Samples.parse(page.toString()));
          });
      return pages;
    }

    Interval after(Runnable work) {
      Map<String, Samples> before = read();
      work.run();
      return new Interval(before, read());
    }
  }

  @Test
  void aPageIsReadWithItsLabelsAndWhatIsNoNumberIsLeftOut() {
    Samples samples =
        Samples.parse(
            """
            # TYPE a counter
            a{tenant="x",path="a\\"b,c=\\"d"} 1.5
            a{tenant="y"} 2 # {trace_id="0af7651916cd43dd"} 0.7 1795340246.615
            b 3.0E2
            c NaN
            nothing
            """);
    assertThat(samples.sum("a")).isEqualTo(3.5);
    assertThat(samples.sum("a", "tenant", "y")).isEqualTo(2);
    assertThat(samples.max("a")).isEqualTo(2);
    assertThat(samples.sum("b")).isEqualTo(300);
    assertThat(samples.sum("c")).isZero();
    assertThat(samples.all()).hasSize(3);
  }

  @Test
  void aMechanismCostsWhatItsCountersGrewByOverTheRequestsOfThatTime() {
    Pages mesh = new Pages().served(PIRATES, 1_000, 40);
    Interval interval =
        mesh.after(
            () ->
                mesh.served(BOOKS, 20, 2)
                    .took("gateway", Mechanism.LIMITS, 0.004)
                    .took("router", Mechanism.ROUTING, 0.001)
                    .took("worker-1", Mechanism.ENCRYPTION, 0.003)
                    .took("worker-2", Mechanism.ENCRYPTION, 0.005)
                    .computed("worker-2", BOOKS, 0.5));
    assertThat(interval.requests()).isEqualTo(20);
    assertThat(interval.overheadMs(Mechanism.LIMITS)).isCloseTo(0.2, TINY);
    assertThat(interval.overheadMs(Mechanism.ROUTING)).isCloseTo(0.05, TINY);
    assertThat(interval.overheadMs(Mechanism.ENCRYPTION)).isCloseTo(0.4, TINY);
    assertThat(interval.overheadMs(Mechanism.AUDIT)).isZero();
    assertThat(interval.requestMs(BOOKS)).isCloseTo(100, TINY);
    assertThat(interval.computeMs(BOOKS)).as("once, not twice").isCloseTo(25, TINY);
  }

  @Test
  void blocksThatTheCacheKeepsAreToBeZeroedToo() {
    Pages mesh = new Pages().add("worker-1", "cofferdam_kv_blocks_cached", 10);
    Interval interval =
        mesh.after(
            () ->
                mesh.served(BOOKS, 10, 1)
                    .took("worker-1", Mechanism.ZEROING, 0.002)
                    .add("worker-1", "cofferdam_kv_blocks_zeroed_total", 40)
                    .add("worker-1", "cofferdam_kv_blocks_cached", 60));
    // 40 blocks took 2 ms; 100 blocks were taken, 10 for each request.
    assertThat(interval.overheadMs(Mechanism.ZEROING)).isCloseTo(0.5, TINY);
    // Others' blocks that are zeroed to make room are not these requests'.
    Interval evicting =
        mesh.after(
            () ->
                mesh.served(BOOKS, 10, 1)
                    .took("worker-1", Mechanism.ZEROING, 0.002)
                    .add("worker-1", "cofferdam_kv_blocks_zeroed_total", 40)
                    .add("worker-1", "cofferdam_kv_blocks_cached", -20));
    assertThat(evicting.overheadMs(Mechanism.ZEROING)).isCloseTo(0.1, TINY);
  }

  @Test
  void countersOfAProcessThatWasStartedAnewAreNotCompared() {
    Pages mesh = new Pages();
    assertThatThrownBy(() -> mesh.after(() -> mesh.restarted("worker-2")))
        .hasMessageContaining("worker-2");
    Map<String, Samples> before = mesh.read();
    Map<String, Samples> without = new HashMap<>(mesh.read());
    without.remove("router");
    assertThatThrownBy(() -> new Interval(before, without)).hasMessageContaining("router");
  }

  @Test
  void anEstimateIsTheMedianAndSaysHowFarRoundsLieApart() {
    assertThat(Estimate.of(3, 1, 2)).isEqualTo(new Estimate(2, 1, 3));
    assertThat(Estimate.of(4, 1, 2, 3)).isEqualTo(new Estimate(2.5, 1, 4));
    assertThat(Estimate.of(-1, 2, 3).isNoise()).isTrue();
    assertThat(Estimate.of(1, 2, 3).isNoise()).isFalse();
    assertThat(Estimate.of(0, 0).isNoise()).as("nothing is no noise").isFalse();
  }

  private static Round round(Pages mesh, double adapterMs) {
    Interval standard =
        mesh.after(() -> mesh.served(PIRATES, 10, 0.8).took("gateway", Mechanism.LIMITS, 0.001));
    Interval enterprise =
        mesh.after(
            () ->
                mesh.served(BOOKS, 10, 1)
                    .took("gateway", Mechanism.LIMITS, 0.002)
                    .took("worker-1", Mechanism.ENCRYPTION, 0.004)
                    .took("worker-1", Mechanism.ADAPTER_MIX, 0.001)
                    .add("worker-1", "cofferdam_kv_blocks_sealed_total", 12));
    Interval base =
        mesh.after(
            () ->
                mesh.served(BOOKS, 10, 1).served(PIRATES, 10, 1).computed("worker-1", BOOKS, 0.3));
    Interval adapters =
        mesh.after(
            () ->
                mesh.served(BOOKS, 10, 1)
                    .served(PIRATES, 10, 1)
                    .computed("worker-1", BOOKS, 0.2)
                    .computed("worker-2", BOOKS, 0.1 + adapterMs / 100));
    return new Round(standard, enterprise, base, adapters);
  }

  @Test
  void aTenantPaysForWhatItsRequestsUseAndAdaptersForWhatTheyAddToTheSameRequests() {
    Pages mesh = new Pages();
    Overhead overhead =
        Overhead.of(List.of(round(mesh, 2), round(mesh, 4), round(mesh, 9)), PIRATES, BOOKS);
    assertThat(overhead.standard().costs())
        .containsOnlyKeys(Mechanism.ZEROING, Mechanism.ROUTING, Mechanism.LIMITS, Mechanism.AUDIT);
    assertThat(overhead.standard().quotedMs()).isCloseTo(3.15, TINY);
    assertThat(overhead.enterprise().quotedMs()).isCloseTo(15.15, TINY);
    assertThat(overhead.standard().requests()).isEqualTo(30);
    assertThat(overhead.standard().totalMs()).isCloseTo(0.1, TINY);
    assertThat(overhead.standard().share(overhead.standard().totalMs())).isCloseTo(0.1 / 80, TINY);
    Estimate mix = overhead.enterprise().costs().get(Mechanism.ADAPTER_MIX);
    assertThat(mix).isNotNull();
    assertThat(mix.ms()).as("4 ms, and 0.1 of loading").isCloseTo(4.1, TINY);
    assertThat(mix.leastMs()).isCloseTo(2.1, TINY);
    assertThat(mix.mostMs()).isCloseTo(9.1, TINY);
    assertThat(overhead.enterprise().totalMs()).isCloseTo(0.2 + 0.4 + 4.1, TINY);
    assertThat(overhead.foreign()).isZero();
    assertThat(overhead.sealedBlocks()).isEqualTo(36);
  }

  @Test
  void theReportShowsBothTenantsBesideWhatIsQuotedAndWarnsOfWhatSpoilsIt(@TempDir Path folder)
      throws Exception {
    Pages mesh = new Pages();
    Overhead overhead = Overhead.of(List.of(round(mesh, -1), round(mesh, 90)), PIRATES, BOOKS);
    OverheadReport report = new OverheadReport(overhead, 2, 4, 1, 3);
    assertThat(report.kept()).as("44.6 ms for adapters").isFalse();
    assertThat(report.text())
        .contains("3.15 and 15.15 ms", "0.4 ms (0.4 to 0.4), 0.40 %", "3 requests were not served")
        .contains("adapters in one batch: rounds disagree whether harbor-books pays at all");
    String page = Files.readString(report.write(folder));
    assertThat(page)
        .contains("What isolation costs", "more than the field quotes", "Redis and back")
        .doesNotContain("<script", "http:", "https:", "NaN");
    JsonNode json = new ObjectMapper().readTree(folder.resolve("report.json").toFile());
    JsonNode adapters = json.path("enterprise").path("mechanisms").path("adapters");
    assertThat(adapters.path("ms").asDouble()).isCloseTo(44.6, TINY);
    assertThat(adapters.path("share").asDouble()).isCloseTo(0.446, TINY);
    assertThat(json.path("standard").path("mechanisms").has("encryption")).isFalse();
  }
}
