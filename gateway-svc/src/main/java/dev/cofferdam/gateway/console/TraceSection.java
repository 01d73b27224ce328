package dev.cofferdam.gateway.console;

import dev.cofferdam.gateway.console.Traces.Span;
import dev.cofferdam.mesh.web.Page;
import dev.cofferdam.mesh.web.Page.Cell;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The spans of a request as a tree, in the order of time. */
final class TraceSection {
  private static final double US_PER_MS = 1_000;

  private final Map<String, List<Span>> children = new HashMap<>();
  private final List<List<Cell>> rows = new ArrayList<>();
  private final long beginUs;

  private TraceSection(long beginUs) {
    this.beginUs = beginUs;
  }

  /** Adds the tree, where there is one. */
  static void add(Page page, List<Span> spans) {
    if (spans.isEmpty()) {
      page.text("No span of it is kept, or none yet.");
      return;
    }
    TraceSection section =
        new TraceSection(spans.stream().mapToLong(Span::startUs).min().orElseThrow());
    Map<String, Span> byId = new HashMap<>();
    spans.forEach(span -> byId.putIfAbsent(span.id(), span));
    List<Span> roots = new ArrayList<>();
    for (Span span : byId.values()) {
      if (byId.containsKey(span.parent())) {
        section.children.computeIfAbsent(span.parent(), unused -> new ArrayList<>()).add(span);
      } else {
        roots.add(span);
      }
    }
    section.add(roots, 0);
    page.heading("Its way through the services")
        .table(
            "Spans, times in ms from the first one's begin",
            List.of("Span", "Service", "Begins", "Takes", "Ends"),
            section.rows);
  }

  private void add(List<Span> level, int depth) {
    level.sort(Comparator.comparingLong(Span::startUs).thenComparing(Span::id));
    for (Span span : level) {
      rows.add(
          List.of(
              Cell.of("– ".repeat(depth) + span.name()),
              Cell.of(span.service()),
              Cell.number(ms(span.startUs() - beginUs)),
              Cell.number(ms(span.lengthUs())),
              Cell.of(span.failed() ? "with an error" : "well")));
      add(children.getOrDefault(span.id(), new ArrayList<>()), depth + 1);
    }
  }

  private static String ms(long us) {
    return String.format(Locale.ROOT, "%.2f", us / US_PER_MS);
  }
}
