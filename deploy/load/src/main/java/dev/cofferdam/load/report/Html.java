package dev.cofferdam.load.report;

import java.util.List;
import java.util.Locale;

/** A page of HTML with everything inside: it needs no script, no network, and prints. */
final class Html {
  /** Lines that the style sheet tells from each other. */
  static final int LINES = 6;

  private static final String STYLE =
      """
      :root { color-scheme: light dark;
        --s0: light-dark(#0b57d0, #8ab4f8); --s1: light-dark(#b3261e, #f28b82);
        --s2: light-dark(#146c2e, #81c995); --s3: light-dark(#7b4f00, #fdd663);
        --s4: light-dark(#6a1b9a, #d7aefb); --s5: light-dark(#37474f, #cfd8dc); }
      body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem; }
      h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
      .table { overflow-x: auto; }
      table { border-collapse: collapse; }
      th, td { border-bottom: 1px solid; padding: .25rem .75rem .25rem 0; text-align: right;
        font-variant-numeric: tabular-nums; vertical-align: top; }
      th:first-child, td:first-child { text-align: left; }
      caption, figcaption { text-align: left; font-weight: bold; padding: .5rem 0; }
      dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
      dt { font-weight: bold; } dd { margin: 0; }
      p.bad, p.good { border-left: .5rem solid; padding: .5rem; }
      p.bad { border-color: #cf222e; } p.good { border-color: #1a7f37; }
      .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 33rem), 1fr)); gap: 1rem; }
      figure { margin: 0; break-inside: avoid; }
      figure > svg { width: 100%; height: auto; }
      svg text { fill: currentColor; font-size: 12px; }
      .grid { stroke: currentColor; opacity: .2; }
      .line { fill: none; stroke-width: 2; stroke-linecap: round; }
      .s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); stroke-dasharray: 8 4; }
      .s2 { stroke: var(--s2); stroke-dasharray: 2 4; } .s3 { stroke: var(--s3); stroke-dasharray: 10 3 2 3; }
      .s4 { stroke: var(--s4); stroke-dasharray: 5 5; } .s5 { stroke: var(--s5); stroke-dasharray: 1 6; }
      .legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: 0; padding: 0; }
      .legend svg { width: 2rem; height: .5rem; margin-right: .4rem; }
      @media print { .table { overflow: visible; } }
      """;

  private final String title;
  private final StringBuilder body = new StringBuilder();

  Html(String title) {
    this.title = title;
  }

  Html heading(String text) {
    body.append("<h2>").append(escape(text)).append("</h2>\n");
    return this;
  }

  Html text(String text) {
    body.append("<p>").append(escape(text)).append("</p>\n");
    return this;
  }

  /** A sentence that stands out; its first word says how. */
  Html notice(boolean good, String text) {
    body.append(
            good
                ? "<p class=\"good\"><strong>OK:</strong> "
                : "<p class=\"bad\"><strong>Broken:</strong> ")
        .append(escape(text))
        .append("</p>\n");
    return this;
  }

  Html facts(List<List<String>> pairs) {
    body.append("<dl>\n");
    pairs.forEach(
        pair ->
            body.append("<dt>")
                .append(escape(pair.get(0)))
                .append("</dt><dd>")
                .append(escape(pair.get(1)))
                .append("</dd>\n"));
    body.append("</dl>\n");
    return this;
  }

  Html table(String caption, List<String> columns, List<List<String>> rows) {
    body.append("<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"")
        .append(escape(caption))
        .append("\"><table>\n<caption>")
        .append(escape(caption))
        .append("</caption>\n<thead><tr>");
    columns.forEach(c -> body.append("<th scope=\"col\">").append(escape(c)).append("</th>"));
    body.append("</tr></thead>\n<tbody>\n");
    for (List<String> row : rows) {
      body.append("<tr>");
      row.forEach(cell -> body.append("<td>").append(escape(cell)).append("</td>"));
      body.append("</tr>\n");
    }
    body.append("</tbody></table></div>\n");
    return this;
  }

  Html plots(List<Plot> plots) {
    body.append("<div class=\"plots\">\n");
    plots.forEach(plot -> body.append(plot.svg()));
    body.append("</div>\n");
    return this;
  }

  String page() {
    return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        + "<meta name=\"viewport\" content=\"width=device-width\">\n"
        + "<meta http-equiv=\"Content-Security-Policy\""
        + " content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>"
        + escape(title)
        + "</title>\n<style>\n"
        + STYLE
        + "</style></head>\n<body><main>\n<h1>"
        + escape(title)
        + "</h1>\n"
        + body
        + "</main></body></html>\n";
  }

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** A number with as many digits as are of use. */
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "-";
    }
    double size = Math.abs(value);
    if (value == Math.rint(value) && size < 1e15) {
      return Long.toString((long) value);
    }
    return String.format(Locale.ROOT, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", value);
  }
}
