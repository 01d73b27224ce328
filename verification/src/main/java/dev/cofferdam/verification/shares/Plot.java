package dev.cofferdam.verification.shares;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A chart of served tokens over time, one line for each tenant, as SVG. */
final class Plot {
  private static final int WIDTH = 640;
  private static final int HEIGHT = 360;
  private static final int LEFT = 70;
  private static final int BOTTOM = 40;
  private static final int TOP = 40;
  private static final int RIGHT = 20;
  private static final String[] COLOURS = {"#0b6e99", "#c4551d", "#4a7c2c", "#7b3fa0"};

  private Plot() {}

  /**
   * Writes a chart.
   *
   * @param curves seconds and tokens, by tenant
   */
  static void write(Path file, String title, Map<String, List<double[]>> curves)
      throws IOException {
    double seconds = 1;
    double tokens = 1;
    for (List<double[]> curve : curves.values()) {
      for (double[] point : curve) {
        seconds = Math.max(seconds, point[0]);
        tokens = Math.max(tokens, point[1]);
      }
    }
    StringBuilder svg = new StringBuilder();
    add(
        svg,
        "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif'"
            + " font-size='12'><rect width='100%%' height='100%%' fill='white'/>",
        WIDTH,
        HEIGHT);
    add(svg, "<text x='%d' y='22' font-size='15'>%s</text>", LEFT, title);
    for (int i = 0; i <= 4; i++) {
      double y = y(tokens * i / 4, tokens);
      add(
          svg,
          "<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='#ddd'/>",
          LEFT,
          WIDTH - RIGHT,
          y,
          y);
      add(
          svg,
          "<text x='%d' y='%.1f' text-anchor='end'>%.0f k</text>",
          LEFT - 6,
          y + 4,
          tokens * i / 4_000);
      double x = x(seconds * i / 4, seconds);
      add(
          svg,
          "<text x='%.1f' y='%d' text-anchor='middle'>%.0f s</text>",
          x,
          HEIGHT - BOTTOM + 18,
          seconds * i / 4);
    }
    int line = 0;
    for (Map.Entry<String, List<double[]>> curve : curves.entrySet()) {
      String colour = COLOURS[line % COLOURS.length];
      svg.append("<polyline fill='none' stroke-width='2' stroke='")
          .append(colour)
          .append("' points='");
      for (double[] point : curve.getValue()) {
        add(svg, "%.1f,%.1f ", x(point[0], seconds), y(point[1], tokens));
      }
      svg.append("'/>");
      add(
          svg,
          "<text x='%d' y='%d' fill='%s'>%s</text>",
          LEFT + 10,
          TOP + 16 + 16 * line,
          colour,
          curve.getKey());
      line++;
    }
    svg.append("</svg>\n");
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, svg);
  }

  private static void add(StringBuilder svg, String format, Object... arguments) {
    svg.append(String.format(Locale.ROOT, format, arguments));
  }

  private static double x(double seconds, double max) {
    return LEFT + seconds / max * (WIDTH - LEFT - RIGHT);
  }

  private static double y(double tokens, double max) {
    return HEIGHT - BOTTOM - tokens / max * (HEIGHT - TOP - BOTTOM);
  }
}
