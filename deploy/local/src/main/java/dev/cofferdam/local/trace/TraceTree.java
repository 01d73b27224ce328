package dev.cofferdam.local.trace;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** Spans as text: a tree in the order of time, with offset and duration. */
public final class TraceTree {
  private final StringBuilder out = new StringBuilder();
  private final Map<String, List<StoredSpan>> children = new HashMap<>();
  private long beginNanos;

  private TraceTree() {}

  /** The services that took part, in alphabetical order. */
  public static List<String> services(List<StoredSpan> spans) {
    TreeSet<String> names = new TreeSet<>();
    spans.forEach(span -> names.add(span.service()));
    return List.copyOf(names);
  }

  /** Renders the spans of one or more traces. */
  public static String render(List<StoredSpan> spans) {
    TraceTree tree = new TraceTree();
    Map<String, StoredSpan> byId = new HashMap<>();
    spans.forEach(span -> byId.putIfAbsent(span.span(), span));
    List<StoredSpan> roots = new ArrayList<>();
    for (StoredSpan span : byId.values()) {
      if (byId.containsKey(span.parent())) {
        tree.children.computeIfAbsent(span.parent(), unused -> new ArrayList<>()).add(span);
      } else {
        roots.add(span);
      }
    }
    Comparator<StoredSpan> byTime = Comparator.comparingLong(StoredSpan::startNanos);
    roots.sort(byTime);
    tree.children.values().forEach(list -> list.sort(byTime));
    tree.beginNanos = roots.isEmpty() ? 0 : roots.get(0).startNanos();
    tree.header();
    for (StoredSpan root : roots) {
      tree.line(root, "", "");
    }
    return tree.out.toString();
  }

  private void header() {
    out.append(
        String.format(
            Locale.ROOT,
            "%-11s %-58s %10s %11s  %s%n",
            "service",
            "span",
            "offset ms",
            "length ms",
            "tenant, tier"));
  }

  private void line(StoredSpan span, String lead, String below) {
    String name = lead + span.name() + (span.failed() ? "  !" : "");
    out.append(
            String.format(
                    Locale.ROOT,
                    "%-11s %-58s %10.2f %11.2f  %s %s",
                    span.service(),
                    name.length() > 58 ? name.substring(0, 57) + "…" : name,
                    (span.startNanos() - beginNanos) / 1e6,
                    (span.endNanos() - span.startNanos()) / 1e6,
                    span.attribute("cofferdam.tenant"),
                    span.attribute("cofferdam.tier"))
                .stripTrailing())
        .append('\n');
    List<StoredSpan> list = children.getOrDefault(span.span(), List.of());
    for (int i = 0; i < list.size(); i++) {
      boolean last = i == list.size() - 1;
      line(list.get(i), below + (last ? "└ " : "├ "), below + (last ? "  " : "│ "));
    }
  }
}
