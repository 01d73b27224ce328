package dev.cofferdam.load.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.load.overhead.Mechanism;
import dev.cofferdam.load.overhead.Overhead;
import dev.cofferdam.load.overhead.Overhead.Estimate;
import dev.cofferdam.load.overhead.Overhead.TenantCost;
import dev.cofferdam.mesh.web.Page;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What isolation costs, beside what the field quotes. */
public final class OverheadReport implements Findings {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final String ROW = "%-28s %-38s %-38s %s%n";

  private final Overhead overhead;
  private final int rounds;
  private final double perSecond;
  private final long seed;
  private final long unserved;

  /**
   * @param overhead what was measured
   * @param rounds that it was measured in
   * @param perSecond requests a second of each tenant
   * @param seed of the first round's requests
   * @param unserved requests that were not served
   */
  public OverheadReport(Overhead overhead, int rounds, double perSecond, long seed, long unserved) {
    this.overhead = overhead;
    this.rounds = rounds;
    this.perSecond = perSecond;
    this.seed = seed;
    this.unserved = unserved;
  }

  /** Whether isolation costs no more than the field quotes, for both tenants. */
  @Override
  public boolean kept() {
    return isWithin(overhead.standard()) && isWithin(overhead.enterprise());
  }

  private static boolean isWithin(TenantCost tenant) {
    return tenant.totalMs() <= tenant.quotedMs();
  }

  @Override
  public String text() {
    StringBuilder text = new StringBuilder();
    text.append(headline()).append("\n\n");
    text.append(
        String.format(
            Locale.ROOT,
            ROW,
            "",
            "standard: " + overhead.standard().tenant(),
            "enterprise: " + overhead.enterprise().tenant(),
            "quoted"));
    for (Mechanism mechanism : Mechanism.values()) {
      text.append(
          String.format(
              Locale.ROOT,
              ROW,
              mechanism.title(),
              cell(overhead.standard(), mechanism),
              cell(overhead.enterprise(), mechanism),
              ms(mechanism.quotedMs()) + " ms"));
    }
    text.append(
        String.format(
            Locale.ROOT,
            ROW,
            "together",
            total(overhead.standard()),
            total(overhead.enterprise()),
            ms(overhead.standard().quotedMs())
                + " and "
                + ms(overhead.enterprise().quotedMs())
                + " ms"));
    text.append('\n');
    for (Mechanism mechanism : Mechanism.values()) {
      text.append(mechanism.title()).append(": ").append(mechanism.measured()).append(".\n");
    }
    warnings().forEach(w -> text.append("attention: ").append(w).append('\n'));
    return text.toString();
  }

  private String headline() {
    return String.format(
        Locale.ROOT,
        "What isolation costs a request: medians of %d round%s (least to most), %.0f requests of"
            + " the standard tenant and %.0f of the enterprise one, %s a second of each, seed %d",
        rounds,
        rounds == 1 ? "" : "s",
        overhead.standard().requests(),
        overhead.enterprise().requests(),
        Cells.number(perSecond),
        seed);
  }

  private static String cell(TenantCost tenant, Mechanism mechanism) {
    Estimate cost = tenant.costs().get(mechanism);
    return cost == null
        ? "-"
        : String.format(
            Locale.ROOT,
            "%s ms (%s to %s), %s",
            ms(cost.ms()),
            ms(cost.leastMs()),
            ms(cost.mostMs()),
            percent(tenant.share(cost.ms())));
  }

  private static String total(TenantCost tenant) {
    return String.format(
        Locale.ROOT,
        "%s ms, %s of %.1f ms",
        ms(tenant.totalMs()),
        percent(tenant.share(tenant.totalMs())),
        tenant.requestMs());
  }

  /** What makes figures less than they seem. */
  private List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    if (unserved > 0) {
      warnings.add(unserved + " requests were not served, and are in the means all the same");
    }
    if (overhead.foreign() > 0) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "%.0f requests of other tenants ran meanwhile, and are in the means",
              overhead.foreign()));
    }
    if (overhead.sealedBlocks() == 0) {
      warnings.add(
          "no KV block was sealed: the enterprise tenant's record does not ask for encryption");
    }
    for (TenantCost tenant : List.of(overhead.standard(), overhead.enterprise())) {
      for (Mechanism mechanism : Mechanism.values()) {
        Estimate cost = tenant.costs().get(mechanism);
        if (cost != null && cost.isNoise()) {
          warnings.add(
              mechanism.title() + ": rounds disagree whether " + tenant.tenant() + " pays at all");
        }
      }
    }
    return warnings;
  }

  /** The report as one page. */
  public String html() {
    Page page = new Page("What isolation costs");
    page.text(headline() + ".");
    page.notice(
        kept() ? Page.Tone.GOOD : Page.Tone.BAD,
        kept()
            ? "no more than the field quotes, for both tenants."
            : "more than the field quotes for one of the tenants.");
    warnings().forEach(w -> page.notice(Page.Tone.WARNING, w + "."));
    for (TenantCost tenant : List.of(overhead.standard(), overhead.enterprise())) {
      page.heading(
          (tenant == overhead.standard() ? "A standard tenant: " : "An enterprise tenant: ")
              + tenant.tenant());
      page.text(
          String.format(
              Locale.ROOT,
              "A request takes %.1f ms on average; isolation takes %s of it.",
              tenant.requestMs(),
              percent(tenant.share(tenant.totalMs()))));
      page.table(
          "Milliseconds a request",
          List.of("Mechanism", "Median", "Least", "Most", "Share", "The field quotes", "Ratio"),
          Cells.of(rows(tenant)));
    }
    Map<String, String> measured = new LinkedHashMap<>();
    for (Mechanism mechanism : Mechanism.values()) {
      measured.put(mechanism.title(), mechanism.measured());
    }
    page.heading("How each is measured").facts(measured);
    return page.standalone();
  }

  private static List<List<String>> rows(TenantCost tenant) {
    List<List<String>> rows = new ArrayList<>();
    for (Mechanism mechanism : Mechanism.values()) {
      Estimate cost = tenant.costs().get(mechanism);
      if (cost != null) {
        rows.add(
            List.of(
                mechanism.title(),
                ms(cost.ms()),
                ms(cost.leastMs()),
                ms(cost.mostMs()),
                percent(tenant.share(cost.ms())),
                ms(mechanism.quotedMs()),
                ratio(cost.ms(), mechanism.quotedMs())));
      }
    }
    rows.add(
        List.of(
            "together",
            ms(tenant.totalMs()),
            "",
            "",
            percent(tenant.share(tenant.totalMs())),
            ms(tenant.quotedMs()),
            ratio(tenant.totalMs(), tenant.quotedMs())));
    return rows;
  }

  private static String ms(double ms) {
    return String.format(Locale.ROOT, Math.abs(ms) >= 1 ? "%.2f" : "%.4f", ms)
        .replaceAll("(\\.\\d*?)0+$", "$1")
        .replaceAll("\\.$", "");
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f %%", share * 100);
  }

  private static String ratio(double ms, double quotedMs) {
    return String.format(Locale.ROOT, "%.3f", ms / quotedMs);
  }

  /** The figures as JSON. */
  public String json() throws IOException {
    ObjectNode root =
        JSON.createObjectNode()
            .put("rounds", rounds)
            .put("per_second", perSecond)
            .put("seed", seed)
            .put("not_served", unserved);
    put(root.putObject("standard"), overhead.standard());
    put(root.putObject("enterprise"), overhead.enterprise());
    ObjectNode measured = root.putObject("measured");
    for (Mechanism mechanism : Mechanism.values()) {
      measured.put(mechanism.label(), mechanism.measured());
    }
    return JSON.writeValueAsString(root) + "\n";
  }

  private static void put(ObjectNode node, TenantCost tenant) {
    node.put("tenant", tenant.tenant().value())
        .put("requests", tenant.requests())
        .put("request_ms", tenant.requestMs())
        .put("total_ms", tenant.totalMs())
        .put("total_share", tenant.share(tenant.totalMs()))
        .put("quoted_ms", tenant.quotedMs());
    ObjectNode mechanisms = node.putObject("mechanisms");
    for (Mechanism mechanism : Mechanism.values()) {
      Estimate cost = tenant.costs().get(mechanism);
      if (cost != null) {
        mechanisms
            .putObject(mechanism.label())
            .put("ms", cost.ms())
            .put("least_ms", cost.leastMs())
            .put("most_ms", cost.mostMs())
            .put("share", tenant.share(cost.ms()))
            .put("quoted_ms", mechanism.quotedMs());
      }
    }
  }

  /**
   * Writes report.html and report.json into a folder.
   *
   * @return the page's file
   */
  @Override
  public Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("report.json"), json());
    return Files.writeString(folder.resolve("report.html"), html());
  }
}
