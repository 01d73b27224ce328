package dev.cofferdam.mesh.pdf;

import dev.cofferdam.mesh.pdf.PdfFile.Line;
import dev.cofferdam.mesh.pdf.PdfFile.Style;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a document says, from top to bottom, in monospaced lines: nothing is cut off, what is too
 * long goes on below.
 */
public final class PdfText {
  /** Characters of a line. */
  public static final int LINE_CHARACTERS = PdfFile.COLUMNS;

  private static final int GAP = 2;
  private static final int COLUMN_MIN = 8;

  private final List<Line> lines = new ArrayList<>();

  /** Adds a title. */
  public PdfText title(String text) {
    return add(Style.TITLE, text).gap();
  }

  /** Adds a heading. */
  public PdfText heading(String text) {
    return gap().add(Style.STRONG, text);
  }

  /** Adds an empty line. */
  public PdfText gap() {
    return add(Style.PLAIN, "");
  }

  /** Adds a text. */
  public PdfText text(String text) {
    wrapped(text, PdfFile.COLUMNS).forEach(line -> add(Style.PLAIN, line));
    return this;
  }

  /** Adds a text that stands out. */
  public PdfText strong(String text) {
    wrapped(text, PdfFile.COLUMNS).forEach(line -> add(Style.STRONG, line));
    return this;
  }

  /** Adds names, each with what belongs to it. */
  public PdfText facts(Map<String, String> facts) {
    int names = facts.keySet().stream().mapToInt(String::length).max().orElse(0);
    int[] widths = {names, PdfFile.COLUMNS - names - GAP};
    facts.forEach((name, value) -> row(Style.PLAIN, List.of(name, value), widths, Set.of()));
    return this;
  }

  /**
   * Adds a table; "none" where it has no row.
   *
   * @param right indices of the columns that stand at their right edge
   */
  public PdfText table(List<String> columns, List<List<String>> rows, Set<Integer> right) {
    int[] widths = new int[columns.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = columns.get(i).length();
      for (List<String> row : rows) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    narrow(widths);
    row(Style.STRONG, columns, widths, right);
    add(Style.PLAIN, "-".repeat(Arrays.stream(widths).sum() + GAP * (widths.length - 1)));
    rows.forEach(row -> row(Style.PLAIN, row, widths, right));
    return rows.isEmpty() ? text("none") : this;
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

  private void row(Style style, List<String> cells, int[] widths, Set<Integer> right) {
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
        int room = widths[i] - part.length();
        line.repeat(" ", right.contains(i) ? room : 0).append(part);
        line.repeat(" ", GAP + (right.contains(i) ? 0 : room));
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

  private PdfText add(Style style, String text) {
    lines.add(new Line(style, text));
    return this;
  }

  /**
   * The file.
   *
   * @param title of the document, at the foot of each page
   */
  public byte[] file(String title) {
    return PdfFile.of(title, lines);
  }
}
