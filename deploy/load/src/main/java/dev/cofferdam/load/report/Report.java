package dev.cofferdam.load.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.load.result.Figures;
import dev.cofferdam.load.result.Outcome;
import dev.cofferdam.load.result.Results;
import dev.cofferdam.load.saturation.Saturation;
import dev.cofferdam.mesh.web.Page;
import dev.cofferdam.mesh.web.Plot;
import dev.cofferdam.vocabulary.TenantId;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogWriter;

/** A run on paper. */
public final class Report implements Findings {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final double US_OF_MS = 1_000;
  private static final double[] PERCENTILES = {50, 75, 90, 95, 99, 99.9};
  private static final List<String> COLUMNS =
      List.of(
          "Tenant",
          "Requests",
          "Served",
          "Good",
          "TTFT p50 ms",
          "TTFT p99 ms",
          "ms/token p50",
          "ms/token p99",
          "Latency p99 ms",
          "Input tokens",
          "of them cached",
          "Output tokens",
          "Not served");

  private final Results results;
  private final Saturation saturation;
  private final List<CapacityLines> capacity = new ArrayList<>();

  /**
   * What a capacity estimate adds.
   *
   * @param summary in sentences
   * @param steps a row for each rate that was tried: requests a second, p99 TTFT in ms, p99 ms per
   *     token, share not served, what broke
   */
  public record CapacityLines(List<String> summary, List<List<String>> steps) {
    public CapacityLines {
      summary = List.copyOf(summary);
      steps = List.copyOf(steps);
    }
  }

  /**
   * @param saturation what the mesh's metrics said meanwhile
   */
  public Report(Results results, Saturation saturation) {
    this.results = results;
    this.saturation = saturation;
  }

  /** Puts a capacity estimate in front. */
  public Report with(CapacityLines estimate) {
    capacity.add(estimate);
    return this;
  }

  /** Whether the objective was kept: by the run, or by some rate of a capacity estimate. */
  @Override
  public boolean kept() {
    return capacity.isEmpty()
        ? results.objective().brokenBy(results.all()).isEmpty()
        : capacity.stream().flatMap(c -> c.steps().stream()).anyMatch(r -> r.getLast().equals("-"));
  }

  @Override
  public String text() {
    StringBuilder text = new StringBuilder();
    capacity.forEach(c -> c.summary().forEach(line -> text.append(line).append('\n')));
    text.append(headline()).append("\n\n");
    text.append(
        String.format(
            Locale.ROOT,
            "%-20s %8s %8s %8s %9s %9s %9s %9s  %s%n",
            "tenant",
            "requests",
            "served",
            "good",
            "TTFT p50",
            "TTFT p99",
            "ms/tok 50",
            "ms/tok 99",
            "not served"));
    results.byTenant().forEach((tenant, f) -> text.append(line(tenant.value(), f)));
    text.append(line("all", results.all()));
    for (Results.Phase phase : results.phases()) {
      Map<TenantId, Figures> figures = results.byTenant(phase);
      text.append(
          String.format(Locale.ROOT, "%n%.0f s to %.0f s: ", phase.fromS(), phase.untilS()));
      figures.forEach(
          (tenant, f) ->
              text.append(
                  String.format(
                      Locale.ROOT, "%s p99 TTFT %s ms; ", tenant.value(), ms(f.ttft(), 99))));
      text.append(
          String.format(
              Locale.ROOT, "Jain's index of weighted tokens %.3f", results.jain(figures)));
    }
    text.append("\n\nused at most: ").append(saturation.words()).append('\n');
    warnings().forEach(w -> text.append("attention: ").append(w).append('\n'));
    return text.toString();
  }

  private String headline() {
    Figures all = results.all();
    return String.format(
        Locale.ROOT,
        "%s, seed %d: %d requests in %.0f s%s, %d served, %.2f a second good"
            + " (TTFT <= %.0f ms, <= %.0f ms a token), %.0f output tokens a second",
        results.scenario().name(),
        results.seed(),
        all.requests(),
        results.seconds(),
        results.complete() ? "" : " (ended early)",
        all.served(),
        all.good() / results.seconds(),
        results.objective().ttftP99Ms(),
        results.objective().tokenP99Ms(),
        all.outputTokens() / results.seconds());
  }

  private static String line(String name, Figures f) {
    return String.format(
        Locale.ROOT,
        "%-20s %8d %8d %8d %9s %9s %9s %9s  %s%n",
        name,
        f.requests(),
        f.served(),
        f.good(),
        ms(f.ttft(), 50),
        ms(f.ttft(), 99),
        ms(f.tokenTime(), 50),
        ms(f.tokenTime(), 99),
        codes(f));
  }

  private static String codes(Figures figures) {
    return figures.codes().isEmpty() ? "-" : new TreeMap<>(figures.codes()).toString();
  }

  /** What makes figures less than they seem. */
  private List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    Figures all = results.all();
    double lateMs = all.lateness().getValueAtPercentile(99) / US_OF_MS;
    if (lateMs > 10) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "this driver sent its requests up to %.0f ms late (p99); latencies contain that",
              lateMs));
    }
    long overrun = all.codes().getOrDefault(Outcome.CLIENT_OVERRUN, 0L);
    if (overrun > 0) {
      warnings.add(overrun + " requests were not sent: too many were in flight");
    }
    if (!results.complete()) {
      warnings.add("the run was ended early; what was due by then is what is counted");
    }
    return warnings;
  }

  /** The report as one page. */
  public String html() {
    Page page = new Page("Load: " + results.scenario().name());
    page.text(results.scenario().description()).text(headline() + ".");
    capacity.forEach(
        c -> {
          page.heading("Capacity");
          c.summary().forEach(page::text);
          page.table(
              "Rates that were tried",
              List.of("Requests/s", "p99 TTFT ms", "p99 ms/token", "Not served", "What broke"),
              Cells.of(c.steps()));
        });
    results
        .objective()
        .brokenBy(results.all())
        .ifPresentOrElse(
            broken -> page.notice(Page.Tone.BAD, broken + "."),
            () -> page.notice(Page.Tone.GOOD, "the objective was kept."));
    warnings().forEach(w -> page.notice(Page.Tone.WARNING, w + "."));
    page.text("The mesh used at most: " + saturation.words() + ".");
    List<List<String>> rows = new ArrayList<>();
    results.byTenant().forEach((tenant, f) -> rows.add(row(tenant.value(), f)));
    rows.add(row("all", results.all()));
    page.heading("By tenant").table("Of all requests", COLUMNS, Cells.of(rows));
    page.text(
        "Times count from when a request was meant to start, not from when it was sent. Good are"
            + " the requests that were served within the objective.");
    phases(page);
    page.heading("Plots");
    plots().forEach(page::plot);
    return page.standalone();
  }

  private void phases(Page page) {
    if (results.phases().size() > 1) {
      page.heading("By phase");
    }
    List<List<String>> fairness = new ArrayList<>();
    for (Results.Phase phase : results.phases()) {
      String name = String.format(Locale.ROOT, "%.0f s to %.0f s", phase.fromS(), phase.untilS());
      Map<TenantId, Figures> figures = results.byTenant(phase);
      fairness.add(List.of(name, String.format(Locale.ROOT, "%.3f", results.jain(figures))));
      if (results.phases().size() > 1) {
        List<List<String>> rows = new ArrayList<>();
        figures.forEach((tenant, f) -> rows.add(row(tenant.value(), f)));
        page.table("Meant to start from " + name, COLUMNS, Cells.of(rows));
      }
    }
    page.heading("Fairness")
        .table(
            "Jain's index of served tokens, by weight",
            List.of("Phase", "Index"),
            Cells.of(fairness))
        .text(
            "1 says that tenants were served tokens in proportion to their weights. A tenant that"
                + " asks for less than its share lowers it, so it judges the mesh only while all"
                + " ask for more.");
  }

  private static List<String> row(String name, Figures f) {
    return List.of(
        name,
        Long.toString(f.requests()),
        Long.toString(f.served()),
        Long.toString(f.good()),
        ms(f.ttft(), 50),
        ms(f.ttft(), 99),
        ms(f.tokenTime(), 50),
        ms(f.tokenTime(), 99),
        ms(f.latency(), 99),
        Long.toString(f.promptTokens()),
        Long.toString(f.cachedTokens()),
        Long.toString(f.outputTokens()),
        codes(f));
  }

  private static String ms(Histogram histogram, double percentile) {
    return histogram.getTotalCount() == 0
        ? "-"
        : Cells.number(histogram.getValueAtPercentile(percentile) / US_OF_MS);
  }

  private List<Plot> plots() {
    Map<TenantId, Figures> tenants = results.byTenant();
    List<String> percentiles =
        IntStream.range(0, PERCENTILES.length)
            .mapToObj(i -> "p" + Cells.number(PERCENTILES[i]))
            .toList();
    Plot ttft = new Plot("Time to first token by percentile, in ms", percentiles);
    Plot token = new Plot("Time per output token by percentile, in ms", percentiles);
    tenants.forEach(
        (tenant, f) -> {
          ttft.line(tenant.value(), curve(f.ttft()));
          token.line(tenant.value(), curve(f.tokenTime()));
        });
    List<Plot> all = new ArrayList<>(List.of(ttft, token));
    all.add(
        overTime(
            "p95 of the time to first token, in ms",
            false,
            some -> p95(some.stream().filter(Outcome::served).map(Outcome::ttftUs).toList())));
    all.add(
        overTime(
            "p95 of the time per output token, in ms",
            false,
            some ->
                p95(
                    some.stream()
                        .filter(Outcome::hasTokenTime)
                        .map(Outcome::tokenTimeUs)
                        .toList())));
    all.add(
        overTime(
            "Goodput, in requests a second",
            true,
            some -> some.stream().filter(results.objective()::isGood).count()));
    all.add(
        overTime(
            "Output, in tokens a second",
            true,
            some -> some.stream().mapToInt(Outcome::outputTokens).sum()));
    refusals().ifPresent(all::add);
    return all;
  }

  private Optional<Plot> refusals() {
    TreeSet<String> codes = new TreeSet<>(results.all().codes().keySet());
    if (codes.isEmpty()) {
      return Optional.empty();
    }
    Plot plot = new Plot("Not served, by code, in requests a second", seconds());
    for (String code : codes) {
      double[] sums = new double[seconds().size()];
      for (TenantId tenant : results.byTenant().keySet()) {
        double[] one =
            results.eachSecond(
                tenant, true, some -> some.stream().filter(o -> o.code().equals(code)).count());
        for (int i = 0; i < sums.length; i++) {
          sums[i] += one[i];
        }
      }
      plot.line(code, sums);
    }
    return Optional.of(plot);
  }

  private Plot overTime(String title, boolean ofEnds, ToDoubleFunction<List<Outcome>> value) {
    Plot plot = new Plot(title, seconds());
    for (TenantId tenant : results.byTenant().keySet()) {
      plot.line(tenant.value(), results.eachSecond(tenant, ofEnds, value));
    }
    return plot;
  }

  /** A label for about every tenth of the run. */
  private List<String> seconds() {
    int count = Math.max(1, (int) Math.ceil(results.seconds()));
    int every = Math.max(1, count / 10);
    return IntStream.range(0, count).mapToObj(i -> i % every == 0 ? i + " s" : "").toList();
  }

  private static double p95(List<Long> us) {
    return us.isEmpty()
        ? Double.NaN
        : us.stream().sorted().toList().get((int) Math.ceil(us.size() * 0.95) - 1) / US_OF_MS;
  }

  private static double[] curve(Histogram histogram) {
    double[] values = new double[PERCENTILES.length];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          histogram.getTotalCount() == 0
              ? Double.NaN
              : histogram.getValueAtPercentile(PERCENTILES[i]) / US_OF_MS;
    }
    return values;
  }

  /** The figures as JSON. */
  public String json() throws IOException {
    ObjectNode root = JSON.createObjectNode();
    root.put("scenario", results.scenario().name())
        .put("seed", results.seed())
        .put("seconds", results.seconds())
        .put("complete", results.complete());
    root.putObject("objective")
        .put("ttft_p99_ms", results.objective().ttftP99Ms())
        .put("token_p99_ms", results.objective().tokenP99Ms())
        .put("error_share", results.objective().errorShare());
    put(root.putObject("all"), results.all());
    ObjectNode tenants = root.putObject("tenants");
    results.byTenant().forEach((t, f) -> put(tenants.putObject(t.value()), f));
    ArrayNode phases = root.putArray("phases");
    for (Results.Phase phase : results.phases()) {
      Map<TenantId, Figures> figures = results.byTenant(phase);
      ObjectNode one =
          phases
              .addObject()
              .put("from_s", phase.fromS())
              .put("until_s", phase.untilS())
              .put("jain_weighted", results.jain(figures));
      ObjectNode of = one.putObject("tenants");
      figures.forEach((t, f) -> put(of.putObject(t.value()), f));
    }
    ObjectNode used = root.putObject("used_share_max");
    new TreeMap<>(saturation.shares()).forEach(used::put);
    capacity.forEach(c -> c.summary().forEach(root.withArray("capacity")::add));
    return JSON.writeValueAsString(root) + "\n";
  }

  private static void put(ObjectNode node, Figures f) {
    node.put("requests", f.requests())
        .put("served", f.served())
        .put("good", f.good())
        .put("prompt_tokens", f.promptTokens())
        .put("cached_prompt_tokens", f.cachedTokens())
        .put("output_tokens", f.outputTokens());
    ObjectNode codes = node.putObject("not_served");
    new TreeMap<>(f.codes()).forEach(codes::put);
    percentiles(node.putObject("ttft_ms"), f.ttft());
    percentiles(node.putObject("token_ms"), f.tokenTime());
    percentiles(node.putObject("latency_ms"), f.latency());
    percentiles(node.putObject("sent_late_ms"), f.lateness());
  }

  private static void percentiles(ObjectNode node, Histogram histogram) {
    node.put("count", histogram.getTotalCount());
    if (histogram.getTotalCount() > 0) {
      for (double percentile : PERCENTILES) {
        node.put(
            "p" + Cells.number(percentile), histogram.getValueAtPercentile(percentile) / US_OF_MS);
      }
      node.put("max", histogram.getMaxValue() / US_OF_MS);
    }
  }

  /**
   * Writes report.html, report.json and histograms.hlog (HdrHistogram's log, in milliseconds, each
   * tagged with measure and tenant) into a folder.
   *
   * @return the page's file
   */
  @Override
  public Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("report.json"), json());
    try (OutputStream out = Files.newOutputStream(folder.resolve("histograms.hlog"));
        PrintStream print = new PrintStream(out, false, StandardCharsets.US_ASCII)) {
      HistogramLogWriter log = new HistogramLogWriter(print);
      log.outputLogFormatVersion();
      log.outputComment("[values in microseconds, written as milliseconds]");
      log.outputLegend();
      results
          .byTenant()
          .forEach(
              (tenant, f) -> {
                log(log, "ttft/" + tenant.value(), f.ttft());
                log(log, "token/" + tenant.value(), f.tokenTime());
                log(log, "latency/" + tenant.value(), f.latency());
              });
    }
    return Files.writeString(folder.resolve("report.html"), html());
  }

  private void log(HistogramLogWriter log, String tag, Histogram histogram) {
    histogram.setTag(tag);
    log.outputIntervalHistogram(0, results.seconds(), histogram, US_OF_MS);
  }
}
