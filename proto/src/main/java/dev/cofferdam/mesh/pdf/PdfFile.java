package dev.cofferdam.mesh.pdf;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A PDF 1.7 file (ISO 32000-1) of lines of text in Courier, which every reader has and whose
 * letters are all as wide, on A4 pages lying on their side. No time and no random id are in it: the
 * same lines are the same bytes.
 */
final class PdfFile {
  /** Characters of a line. */
  static final int COLUMNS = 150;

  private static final int WIDTH = 842;
  private static final int HEIGHT = 595;
  private static final int MARGIN = 50;
  private static final int SIZE = 8;
  private static final int LEADING = 11;
  private static final int TITLE_SIZE = 16;
  private static final int LINES = (HEIGHT - 2 * MARGIN) / LEADING - 1;

  /** How a line is set. */
  enum Style {
    PLAIN("/F1", SIZE),
    STRONG("/F2", SIZE),
    TITLE("/F2", TITLE_SIZE);

    private final String font;
    private final int size;

    Style(String font, int size) {
      this.font = font;
      this.size = size;
    }
  }

  /** A line of text. */
  record Line(Style style, String text) {}

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final List<Integer> offsets = new ArrayList<>();

  private PdfFile() {}

  /**
   * Makes a file.
   *
   * @param title of the document
   */
  static byte[] of(String title, List<Line> lines) {
    return new PdfFile().write(title, lines);
  }

  private byte[] write(String title, List<Line> lines) {
    List<List<Line>> pages = new ArrayList<>();
    for (int i = 0; i < lines.size(); i += LINES) {
      pages.add(lines.subList(i, Math.min(lines.size(), i + LINES)));
    }
    int first = 6;
    String kids =
        IntStream.range(0, pages.size())
            .mapToObj(page -> first + 2 * page + " 0 R")
            .collect(Collectors.joining(" "));
    // The bytes above 127 tell programs that the file is binary.
    print("%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n");
    object(
        "<< /Type /Catalog /Pages 2 0 R /Lang (en) /ViewerPreferences << /DisplayDocTitle true >> >>");
    object("<< /Type /Pages /Kids [" + kids + "] /Count " + pages.size() + " >>");
    object(font("Courier"));
    object(font("Courier-Bold"));
    object("<< /Title " + string(title) + " >>");
    for (int page = 0; page < pages.size(); page++) {
      object(
          "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 "
              + WIDTH
              + " "
              + HEIGHT
              + "] /Contents "
              + (first + 2 * page + 1)
              + " 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>");
      String content = content(pages.get(page), title, page + 1, pages.size());
      object("<< /Length " + content.length() + " >>\nstream\n" + content + "\nendstream");
    }
    return end();
  }

  private static String content(List<Line> lines, String title, int page, int pages) {
    StringBuilder content = new StringBuilder("BT\n" + LEADING + " TL\n");
    content.append("1 0 0 1 ").append(MARGIN).append(' ').append(HEIGHT - MARGIN).append(" Tm\n");
    for (Line line : lines) {
      content.append(line.style().font).append(' ').append(line.style().size).append(" Tf ");
      content.append(string(line.text())).append(" Tj T*\n");
    }
    content.append("1 0 0 1 ").append(MARGIN).append(' ').append(MARGIN / 2).append(" Tm\n");
    content.append(Style.PLAIN.font).append(' ').append(SIZE).append(" Tf ");
    content.append(string(title + ", page " + page + " of " + pages)).append(" Tj\nET");
    return content.toString();
  }

  private static String font(String name) {
    return "<< /Type /Font /Subtype /Type1 /BaseFont /" + name + " /Encoding /WinAnsiEncoding >>";
  }

  /** A literal string; what is not printable ASCII becomes a question mark. */
  private static String string(String text) {
    StringBuilder string = new StringBuilder("(");
    text.codePoints()
        .forEach(
            c -> {
              if (c == '(' || c == ')' || c == '\\') {
                string.append('\\');
              }
              string.append(c >= ' ' && c < 127 ? (char) c : '?');
            });
    return string.append(')').toString();
  }

  private void object(String body) {
    offsets.add(out.size());
    print(offsets.size() + " 0 obj\n" + body + "\nendobj\n");
  }

  private void print(String text) {
    out.writeBytes(text.getBytes(ISO_8859_1));
  }

  private byte[] end() {
    int table = out.size();
    print("xref\n0 " + (offsets.size() + 1) + "\n0000000000 65535 f \n");
    offsets.forEach(offset -> print(String.format("%010d 00000 n \n", offset)));
    print("trailer\n<< /Size " + (offsets.size() + 1) + " /Root 1 0 R /Info 5 0 R >>\n");
    print("startxref\n" + table + "\n%%EOF\n");
    return out.toByteArray();
  }
}
