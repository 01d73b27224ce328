package dev.cofferdam.audit.report;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import dev.cofferdam.mesh.web.Page;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A report, written as JSON for programs or as a page for people; both say the same.
 *
 * @param title what it is
 * @param sections its parts, in order
 */
public record Report(String title, List<Section> sections) {
  public Report {
    sections = List.copyOf(sections);
  }

  /**
   * A part of a report.
   *
   * @param heading what it is about
   * @param text what has to be known of it; empty: nothing
   * @param facts names and values
   * @param columns of its table; none: there is no table
   * @param rows of its table
   */
  public record Section(
      String heading,
      String text,
      Map<String, String> facts,
      List<String> columns,
      List<List<String>> rows) {
    public Section {
      facts = new LinkedHashMap<>(facts);
      columns = List.copyOf(columns);
      rows = List.copyOf(rows);
    }

    /** A part of facts. */
    public static Section of(String heading, String text, Map<String, String> facts) {
      return new Section(heading, text, facts, List.of(), List.of());
    }

    /** A part with a table. */
    public static Section of(
        String heading, String text, List<String> columns, List<List<String>> rows) {
      return new Section(heading, text, Map.of(), columns, rows);
    }
  }

  /** As a page. */
  public Page page() {
    Page page = new Page(title);
    for (Section section : sections) {
      page.heading(section.heading());
      if (!section.text().isEmpty()) {
        page.text(section.text());
      }
      if (!section.facts().isEmpty()) {
        page.facts(section.facts());
      }
      if (!section.columns().isEmpty()) {
        page.table(
            section.heading(),
            section.columns(),
            section.rows().stream().map(row -> row.stream().map(Page.Cell::of).toList()).toList());
      }
    }
    return page;
  }

  /** As JSON: the title, and each section with its facts and its rows by column. */
  public String json() {
    ListValue.Builder parts = ListValue.newBuilder();
    sections.forEach(section -> parts.addValues(Value.newBuilder().setStructValue(json(section))));
    Struct all =
        Struct.newBuilder()
            .putFields("title", text(title))
            .putFields("sections", Value.newBuilder().setListValue(parts).build())
            .build();
    try {
      return JsonFormat.printer().print(all) + "\n";
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a report is no JSON", e);
    }
  }

  private static Struct json(Section section) {
    Struct.Builder part = Struct.newBuilder().putFields("heading", text(section.heading()));
    if (!section.text().isEmpty()) {
      part.putFields("text", text(section.text()));
    }
    section.facts().forEach((name, value) -> part.putFields(name, text(value)));
    if (!section.columns().isEmpty()) {
      List<Value> rows = new ArrayList<>();
      for (List<String> row : section.rows()) {
        Struct.Builder cells = Struct.newBuilder();
        for (int i = 0; i < section.columns().size(); i++) {
          cells.putFields(section.columns().get(i), text(row.get(i)));
        }
        rows.add(Value.newBuilder().setStructValue(cells).build());
      }
      part.putFields(
          "rows",
          Value.newBuilder().setListValue(ListValue.newBuilder().addAllValues(rows)).build());
    }
    return part.build();
  }

  private static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }
}
