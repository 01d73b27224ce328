package dev.cofferdam.mesh.web;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Lines over one axis as SVG inside a page. Lines are told from each other by their dashes as well
 * as by colour; the table of the same numbers is the page's to add.
 */
public final class Plot {
  private static final int WIDTH = 720;
  private static final int HEIGHT = 220;
  private static final int LEFT = 64;
  private static final int RIGHT = 16;
  private static final int TOP = 12;
  private static final int BOTTOM = 32;
  private static final int STEPS = 4;
  private static final int STYLES = 6;

  private final String title;
  private final List<String> labels;
  private final List<String> names = new ArrayList<>();
  private final List<double[]> values = new ArrayList<>();
  private double top;

  /**
   * @param title what it shows, with its unit
   * @param labels of the places on the axis below; may be empty texts
   */
  public Plot(String title, List<String> labels) {
    this.title = title;
    this.labels = List.copyOf(labels);
  }

  /** Adds a line with a value for each label; what is no number is left out. */
  public Plot line(String name, double[] line) {
    names.add(name);
    values.add(line.clone());
    return this;
  }

  /** Has the axis end at a value, such as 1 for shares. */
  public Plot upTo(double value) {
    top = value;
    return this;
  }

  String svg() {
    double ceiling = top > 0 ? top : ceiling();
    StringBuilder svg = new StringBuilder();
    svg.append("<figure>\n<figcaption>")
        .append(Page.escape(title))
        .append("</figcaption>\n")
        .append(
            String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n",
                WIDTH,
                HEIGHT,
                Page.escape(title)));
    for (int i = 0; i <= STEPS; i++) {
      double value = ceiling * i / STEPS;
      svg.append(
          String.format(
              Locale.ROOT,
              "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                  + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n",
              LEFT,
              WIDTH - RIGHT,
              y(value, ceiling),
              y(value, ceiling),
              LEFT - 6,
              y(value, ceiling) + 4,
              number(value)));
    }
    for (int i = 0; i < labels.size(); i++) {
      if (!labels.get(i).isEmpty()) {
        svg.append(
            String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
                x(i),
                HEIGHT - BOTTOM + 18,
                Page.escape(labels.get(i))));
      }
    }
    for (int i = 0; i < names.size(); i++) {
      svg.append(
          String.format(
              Locale.ROOT,
              "<path class=\"line s%d\" d=\"%s\"><title>%s</title></path>%n",
              i % STYLES,
              path(values.get(i), ceiling),
              Page.escape(names.get(i))));
    }
    svg.append("</svg>\n<ul class=\"legend\">");
    for (int i = 0; i < names.size(); i++) {
      svg.append("<li><svg viewBox=\"0 0 32 8\" aria-hidden=\"true\"><path class=\"line s")
          .append(i % STYLES)
          .append("\" d=\"M0 4H32\"/></svg> ")
          .append(Page.escape(names.get(i)))
          .append("</li>");
    }
    return svg.append("</ul>\n</figure>\n").toString();
  }

  private String path(double[] line, double ceiling) {
    StringBuilder way = new StringBuilder();
    for (int i = 0; i < line.length; i++) {
      if (Double.isFinite(line[i])) {
        boolean begins = i == 0 || !Double.isFinite(line[i - 1]);
        // The short stroke lets a point be seen that stands alone.
        way.append(
            String.format(
                Locale.ROOT, begins ? "M%.1f %.1fh0.1" : "L%.1f %.1f", x(i), y(line[i], ceiling)));
      }
    }
    return way.toString();
  }

  private double x(int place) {
    return LEFT + (WIDTH - LEFT - RIGHT) * (place / (double) Math.max(1, labels.size() - 1));
  }

  private static double y(double value, double ceiling) {
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * Math.min(value, ceiling) / ceiling;
  }

  private double ceiling() {
    double most =
        values.stream().flatMapToDouble(Arrays::stream).filter(Double::isFinite).max().orElse(0);
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

  private static String number(double value) {
    return value == Math.rint(value)
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.2f", value);
  }
}
