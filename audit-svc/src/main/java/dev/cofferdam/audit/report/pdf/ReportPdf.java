package dev.cofferdam.audit.report.pdf;

import dev.cofferdam.audit.report.Report;
import dev.cofferdam.audit.report.Report.Section;
import dev.cofferdam.audit.report.pdf.PdfFile.Line;
import dev.cofferdam.audit.report.pdf.PdfFile.Style;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A report as a PDF file, in monospaced lines: nothing is cut off, what is too long goes on below.
 */
public final class ReportPdf {
  private static final int GAP = 2;
  private static final int COLUMN_MIN = 8;

  private final List<Line> lines = new ArrayList<>();

  private ReportPdf() {}

  /** The file of a report. */
  public static byte[] of(Report report) {
    ReportPdf pdf = new ReportPdf();
    pdf.add(Style.TITLE, report.title());
    pdf.add(Style.PLAIN, "");
    report.sections().forEach(pdf::add);
    return PdfFile.of(report.title(), pdf.lines);
  }

  private void add(Section section) {
    add(Style.PLAIN, "");
    add(Style.STRONG, section.heading());
    if (!section.text().isEmpty()) {
      wrapped(section.text(), PdfFile.COLUMNS).forEach(line -> add(Style.PLAIN, line));
    }
    int names = section.facts().keySet().stream().mapToInt(String::length).max().orElse(0);
    int[] widths = {names, PdfFile.COLUMNS - names - GAP};
    for (Map.Entry<String, String> fact : section.facts().entrySet()) {
      row(Style.PLAIN, List.of(fact.getKey(), fact.getValue()), widths);
    }
    if (!section.columns().isEmpty()) {
      table(section.columns(), section.rows());
    }
  }

  private void table(List<String> columns, List<List<String>> rows) {
    int[] widths = new int[columns.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = columns.get(i).length();
      for (List<String> row : rows) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    narrow(widths);
    row(Style.STRONG, columns, widths);
    add(Style.PLAIN, "-".repeat(Arrays.stream(widths).sum() + GAP * (widths.length - 1)));
    rows.forEach(row -> row(Style.PLAIN, row, widths));
    if (rows.isEmpty()) {
      add(Style.PLAIN, "none");
    }
  }

  /** Takes from the widest column until all fit beside each other. */
  private static void narrow(int[] widths) {
    int room = PdfFile.COLUMNS - GAP * (widths.length - 1);
    for (int over = Arrays.stream(widths).sum() - room; over > 0; over--) {
      int widest = 0;
      for (int i = 1; i < widths.length; i++) {
        widest = widths[i] > widths[widest] ? i : widest;
      }
      widths[widest] = Math.max(COLUMN_MIN, widths[widest] - 1);
    }
  }

  private void row(Style style, List<String> cells, int[] widths) {
    List<List<String>> wrapped = new ArrayList<>();
    int height = 1;
    for (int i = 0; i < widths.length; i++) {
      wrapped.add(wrapped(cells.get(i), widths[i]));
      height = Math.max(height, wrapped.get(i).size());
    }
    for (int at = 0; at < height; at++) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String part = at < wrapped.get(i).size() ? wrapped.get(i).get(at) : "";
        line.append(part).repeat(" ", widths[i] - part.length() + GAP);
      }
      add(style, line.toString().stripTrailing());
    }
  }

  /** A text in lines of a width, broken at spaces where there are some. */
  private static List<String> wrapped(String text, int width) {
    List<String> parts = new ArrayList<>();
    String left = text;
    while (left.length() > width) {
      int space = left.lastIndexOf(' ', width);
      int end = space > width / 2 ? space : width;
      parts.add(left.substring(0, end));
      left = left.substring(end).stripLeading();
    }
    parts.add(left);
    return parts;
  }

  private void add(Style style, String text) {
    lines.add(new Line(style, text));
  }
}
