package dev.cofferdam.gateway.console;

import dev.cofferdam.mesh.web.Page;
import dev.cofferdam.mesh.web.Page.Cell;
import dev.cofferdam.mesh.web.Page.Tone;
import dev.cofferdam.mesh.web.Plot;
import dev.cofferdam.proto.metering.v1.Rollup;
import dev.cofferdam.vocabulary.TenantLimits;
import dev.cofferdam.vocabulary.TenantProfile;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/** Limits of tenants, and what they have used of them by the ledger. */
final class TenantSection {
  private static final long WARNING_PERCENT = 80;

  private TenantSection() {}

  /** All tenants with their limits and tokens. */
  static void list(Page page, List<TenantProfile> tenants, List<Rollup> month, Today today) {
    Map<String, Long> ofDay = tokens(month, today.dayMs());
    Map<String, Long> ofMonth = tokens(month, today.monthMs());
    page.text(
        "Use is that of the ledger, in tokens of input and output; days and months are UTC's.");
    page.table(
        "Tenants",
        List.of(
            "Tenant",
            "Tier",
            "Status",
            "Weight",
            "Concurrent",
            "Requests/min",
            "Tokens/min",
            "Today",
            "Daily budget",
            "This month",
            "Monthly budget"),
        tenants.stream()
            .sorted(Comparator.comparing(t -> t.id().value()))
            .map(
                t ->
                    List.of(
                        Cell.link(t.id().value(), "/tenants/" + t.id().value()),
                        Cell.of(t.tier().label()),
                        Cell.of(t.status().name().toLowerCase(Locale.ROOT)),
                        Cell.number(String.format(Locale.ROOT, "%.3f", t.limits().weight())),
                        Cell.number(Integer.toString(t.limits().concurrentRequests())),
                        Cell.number(Integer.toString(t.limits().requestsPerMinute())),
                        Cell.number(Long.toString(t.limits().tokensPerMinute())),
                        Cell.number(Long.toString(ofDay.getOrDefault(t.id().value(), 0L))),
                        Cell.number(tokens(t.limits().budgets().dailyTokens())),
                        Cell.number(Long.toString(ofMonth.getOrDefault(t.id().value(), 0L))),
                        Cell.number(tokens(t.limits().budgets().monthlyTokens()))))
            .toList());
  }

  /** The limits of a tenant's record. */
  static void limits(Page page, TenantProfile profile) {
    TenantLimits limits = profile.limits();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("Tenant", profile.id().value());
    facts.put("Tier", profile.tier().label());
    facts.put("Isolation level", Integer.toString(profile.isolationLevel()));
    facts.put("Requests at once", Integer.toString(limits.concurrentRequests()));
    facts.put("Requests a minute", Integer.toString(limits.requestsPerMinute()));
    facts.put("Tokens a minute", Long.toString(limits.tokensPerMinute()));
    facts.put("Tokens of a context", Integer.toString(limits.contextTokensMax()));
    facts.put("Bytes of KV", Long.toString(limits.kvBytesMax()));
    facts.put("Connections", Integer.toString(limits.connections().connections()));
    facts.put("KV encrypted", profile.kvEncrypted() ? "yes" : "no");
    facts.put("Days that records are kept", Integer.toString(profile.retentionDays()));
    page.heading("Limits").facts(facts);
  }

  /** What a tenant has used this month, by day, beside its budgets. */
  static void use(Page page, TenantProfile profile, List<Rollup> month, Today today) {
    page.heading("Use and budgets");
    long ofDay = tokens(month, today.dayMs()).values().stream().mapToLong(n -> n).sum();
    long ofMonth = tokens(month, today.monthMs()).values().stream().mapToLong(n -> n).sum();
    budget(page, "today", ofDay, profile.limits().budgets().dailyTokens());
    budget(page, "this month", ofMonth, profile.limits().budgets().monthlyTokens());
    Map<LocalDate, long[]> days = new TreeMap<>();
    for (LocalDate day = today.firstOfMonth(); day.isBefore(today.next()); day = day.plusDays(1)) {
      days.put(day, new long[3]);
    }
    for (Rollup rollup : month) {
      LocalDate day =
          LocalDate.ofInstant(Instant.ofEpochMilli(rollup.getPeriodStartEpochMs()), ZoneOffset.UTC);
      long[] sums = days.computeIfAbsent(day, unused -> new long[3]);
      sums[0] += rollup.getRequests();
      sums[1] += rollup.getPromptTokens();
      sums[2] += rollup.getOutputTokens();
    }
    List<String> labels = new ArrayList<>();
    days.keySet()
        .forEach(
            day ->
                labels.add(
                    day.getDayOfMonth() % 5 == 1 ? Integer.toString(day.getDayOfMonth()) : ""));
    page.plot(
        new Plot("Tokens by day of this month", labels)
            .line("input", days.values().stream().mapToDouble(s -> s[1]).toArray())
            .line("output", days.values().stream().mapToDouble(s -> s[2]).toArray()));
    page.table(
        "Use by day",
        List.of("Day", "Requests", "Input tokens", "Output tokens"),
        days.entrySet().stream()
            .map(
                e ->
                    List.of(
                        Cell.of(e.getKey().toString()),
                        Cell.number(Long.toString(e.getValue()[0])),
                        Cell.number(Long.toString(e.getValue()[1])),
                        Cell.number(Long.toString(e.getValue()[2]))))
            .toList());
  }

  private static void budget(Page page, String when, long used, OptionalLong limit) {
    if (limit.isEmpty()) {
      page.text(used + " tokens " + when + "; there is no budget of tokens.");
      return;
    }
    long percent = limit.getAsLong() == 0 ? 100 : used * 100 / limit.getAsLong();
    String text = used + " of " + limit.getAsLong() + " tokens " + when + ", " + percent + " %.";
    if (percent >= WARNING_PERCENT) {
      page.notice(percent >= 100 ? Tone.BAD : Tone.WARNING, text);
    } else {
      page.text(text);
    }
  }

  private static Map<String, Long> tokens(List<Rollup> rollups, long fromMs) {
    Map<String, Long> sums = new TreeMap<>();
    for (Rollup rollup : rollups) {
      if (rollup.getPeriodStartEpochMs() >= fromMs) {
        sums.merge(
            rollup.getTenant(), rollup.getPromptTokens() + rollup.getOutputTokens(), Long::sum);
      }
    }
    return sums;
  }

  private static String tokens(OptionalLong limit) {
    return limit.isEmpty() ? "-" : Long.toString(limit.getAsLong());
  }

  /** Millionths of money as an amount. */
  static String money(long micros) {
    return BigDecimal.valueOf(micros, 6).stripTrailingZeros().toPlainString();
  }
}
