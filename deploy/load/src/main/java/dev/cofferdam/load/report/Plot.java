package dev.cofferdam.load.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Lines over one axis as SVG that stands in a page by itself: no script, colours of the page's
 * style sheet, and each line told from the others by its dashes too.
 */
final class Plot {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 240;
  private static final int LEFT = 64;
  private static final int RIGHT = 12;
  private static final int TOP = 12;
  private static final int BOTTOM = 36;
  private static final int STEPS = 4;

  private final String title;
  private final String unit;
  private final List<String> labels;
  private final List<Line> lines = new ArrayList<>();

  /** A line; values that are no number are left out. */
  private record Line(String name, double[] values) {}

  /**
   * @param title what it shows
   * @param unit of the values
   * @param labels of the places on the axis below; most may be empty
   */
  Plot(String title, String unit, List<String> labels) {
    this.title = title;
    this.unit = unit;
    this.labels = List.copyOf(labels);
  }

  /** Adds a line with a value for each label. */
  Plot line(String name, double[] values) {
    lines.add(new Line(name, values));
    return this;
  }

  String svg() {
    double top = ceiling();
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<figure><figcaption>%s, in %s</figcaption>%n"
                + "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n",
            Html.escape(title),
            Html.escape(unit),
            WIDTH,
            HEIGHT,
            Html.escape(title)));
    for (int i = 0; i <= STEPS; i++) {
      double value = top * i / STEPS;
      double y = y(value, top);
      svg.append(
          String.format(
              Locale.ROOT,
              "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                  + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n",
              LEFT,
              WIDTH - RIGHT,
              y,
              y,
              LEFT - 6,
              y + 4,
              Html.number(value)));
    }
    for (int i = 0; i < labels.size(); i++) {
      if (!labels.get(i).isEmpty()) {
        svg.append(
            String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
                x(i),
                HEIGHT - BOTTOM + 20,
                Html.escape(labels.get(i))));
      }
    }
    for (int i = 0; i < lines.size(); i++) {
      path(svg, lines.get(i), i, top);
    }
    svg.append("</svg>\n<ul class=\"legend\">");
    for (int i = 0; i < lines.size(); i++) {
      svg.append("<li><svg viewBox=\"0 0 32 8\" aria-hidden=\"true\"><path class=\"line s")
          .append(i % Html.LINES)
          .append("\" d=\"M0 4H32\"/></svg>")
          .append(Html.escape(lines.get(i).name()))
          .append("</li>");
    }
    return svg.append("</ul></figure>\n").toString();
  }

  private void path(StringBuilder svg, Line line, int number, double top) {
    StringBuilder way = new StringBuilder();
    boolean up = true;
    for (int i = 0; i < line.values().length; i++) {
      double value = line.values()[i];
      if (Double.isFinite(value)) {
        way.append(String.format(Locale.ROOT, "%s%.1f %.1f", up ? "M" : "L", x(i), y(value, top)));
      }
      up = !Double.isFinite(value);
    }
    // A point that stands alone shows by its round ends.
    svg.append(
        String.format(
            Locale.ROOT,
            "<path class=\"line s%d\" d=\"%s\"><title>%s</title></path>%n",
            number % Html.LINES,
            way.toString().replaceAll("(M[^ML]*)(?=M|$)", "$1h0.1"),
            Html.escape(line.name())));
  }

  private double x(int place) {
    return LEFT + (WIDTH - LEFT - RIGHT) * (place / (double) Math.max(1, labels.size() - 1));
  }

  private static double y(double value, double top) {
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top;
  }

  /** A round number that no value is above. */
  private double ceiling() {
    double most =
        lines.stream()
            .flatMapToDouble(line -> Arrays.stream(line.values()))
            .filter(Double::isFinite)
            .max()
            .orElse(0);
    if (most <= 0) {
      return 1;
    }
    double power = Math.pow(10, Math.floor(Math.log10(most)));
    for (double factor : new double[] {1, 2, 4, 5, 8}) {
      if (factor * power >= most) {
        return factor * power;
      }
    }
    return 10 * power;
  }
}
