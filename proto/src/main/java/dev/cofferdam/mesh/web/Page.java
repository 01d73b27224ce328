package dev.cofferdam.mesh.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A page of HTML: headings, sentences, facts, tables, filters, links, and plots. It needs no
 * script, reads in the order in which it was made, and prints as it stands; one that is live is
 * fetched again by a small script while somebody looks at it. All text that it is given is escaped.
 */
public final class Page {
  static final String STYLE_PATH = "/style.css";
  static final String LIVE_PATH = "/live.js";
  private static final byte[] STYLE = resource("style.css");
  private static final byte[] LIVE = resource("live.js");

  private final String title;
  private int liveMs;
  private final Map<String, String> navigation = new LinkedHashMap<>();
  private final StringBuilder body = new StringBuilder();

  /** How a sentence stands out; never by its colour alone. */
  public enum Tone {
    /** All is well. */
    GOOD("OK"),
    /** Somebody should look. */
    WARNING("Attention"),
    /** Something is wrong. */
    BAD("Alarm");

    private final String word;

    Tone(String word) {
      this.word = word;
    }
  }

  /**
   * A cell of a table.
   *
   * @param text what it says
   * @param link where it leads; empty: nowhere
   * @param number whether it is set as a number
   */
  public record Cell(String text, String link, boolean number) {
    /** Text. */
    public static Cell of(String text) {
      return new Cell(text, "", false);
    }

    /** A number, set so that digits stand below each other. */
    public static Cell number(String text) {
      return new Cell(text, "", true);
    }

    /** Text that leads somewhere. */
    public static Cell link(String text, String link) {
      return new Cell(text, link, false);
    }
  }

  /**
   * A field of a filter.
   *
   * @param name of the parameter
   * @param label what people read
   * @param value what it holds now
   * @param choices what can be chosen; empty: any text
   */
  public record Field(String name, String label, String value, List<String> choices) {
    public Field {
      choices = List.copyOf(choices);
    }
  }

  /**
   * @param title of the page, its first heading as well
   */
  public Page(String title) {
    this.title = title;
  }

  /** Adds an entry to the navigation at the page's top. */
  public Page navigate(String label, String path) {
    navigation.put(label, path);
    return this;
  }

  /** A heading of a section. */
  public Page heading(String text) {
    body.append("<h2>").append(escape(text)).append("</h2>\n");
    return this;
  }

  /** A paragraph. */
  public Page text(String text) {
    body.append("<p>").append(escape(text)).append("</p>\n");
    return this;
  }

  /** A paragraph that stands out, with the word of its tone in front. */
  public Page notice(Tone tone, String text) {
    body.append("<p class=\"")
        .append(tone.name().toLowerCase(java.util.Locale.ROOT))
        .append("\" role=\"status\"><strong>")
        .append(tone.word)
        .append(":</strong> ")
        .append(escape(text))
        .append("</p>\n");
    return this;
  }

  /**
   * Has the content fetched again and again by a script that its reader can pause. Without scripts
   * the page is as it was when it was asked for.
   *
   * @param everyMs milliseconds between two readings
   */
  public Page live(int everyMs) {
    liveMs = everyMs;
    return this;
  }

  /** Whether its content is fetched again. */
  public boolean isLive() {
    return liveMs > 0;
  }

  /** Lines over time or another axis. */
  public Page plot(Plot plot) {
    body.append(plot.svg());
    return this;
  }

  /** Text of which line breaks and spaces count. */
  public Page verbatim(String text) {
    body.append("<pre tabindex=\"0\">").append(escape(text)).append("</pre>\n");
    return this;
  }

  /** Names and what they stand for. */
  public Page facts(Map<String, String> facts) {
    body.append("<dl>\n");
    facts.forEach(
        (name, value) ->
            body.append("<dt>")
                .append(escape(name))
                .append("</dt><dd>")
                .append(escape(value))
                .append("</dd>\n"));
    body.append("</dl>\n");
    return this;
  }

  /** A link on a line of its own. */
  public Page link(String text, String path) {
    body.append("<p>").append(anchor(text, path)).append("</p>\n");
    return this;
  }

  /** A form that shows a path again with the parameters of its fields. */
  public Page filter(String path, List<Field> fields) {
    body.append("<form method=\"get\" action=\"").append(escape(path)).append("\">\n");
    for (Field field : fields) {
      body.append("<label>").append(escape(field.label())).append(' ');
      if (field.choices().isEmpty()) {
        body.append("<input name=\"")
            .append(escape(field.name()))
            .append("\" value=\"")
            .append(escape(field.value()))
            .append("\">");
      } else {
        body.append("<select name=\"").append(escape(field.name())).append("\">");
        for (String choice : field.choices()) {
          body.append("<option")
              .append(choice.equals(field.value()) ? " selected" : "")
              .append('>')
              .append(escape(choice))
              .append("</option>");
        }
        body.append("</select>");
      }
      body.append("</label>\n");
    }
    body.append("<button>Show</button>\n</form>\n");
    return this;
  }

  /** A table; one without rows says so, and one that is too wide scrolls by itself, by keys too. */
  public Page table(String caption, List<String> columns, List<List<Cell>> rows) {
    body.append("<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"")
        .append(escape(caption))
        .append("\">\n<table>\n<caption>")
        .append(escape(caption))
        .append("</caption>\n<thead><tr>");
    for (int i = 0; i < columns.size(); i++) {
      boolean number = !rows.isEmpty() && rows.getFirst().get(i).number();
      body.append(number ? "<th class=\"number\" scope=\"col\">" : "<th scope=\"col\">")
          .append(escape(columns.get(i)))
          .append("</th>");
    }
    body.append("</tr></thead>\n<tbody>\n");
    for (List<Cell> row : rows) {
      body.append("<tr>");
      row.forEach(this::cell);
      body.append("</tr>\n");
    }
    if (rows.isEmpty()) {
      body.append("<tr><td colspan=\"").append(columns.size()).append("\">none</td></tr>\n");
    }
    body.append("</tbody>\n</table>\n</div>\n");
    return this;
  }

  private void cell(Cell cell) {
    body.append(cell.number() ? "<td class=\"number\">" : "<td>")
        .append(cell.link().isEmpty() ? escape(cell.text()) : anchor(cell.text(), cell.link()))
        .append("</td>");
  }

  /** The whole document. */
  public String html() {
    List<String> entries = new ArrayList<>();
    navigation.forEach((label, path) -> entries.add(anchor(label, path)));
    return """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>%1$s</title>
    <link rel="stylesheet" href="%2$s">%5$s
    </head>
    <body>
    <a class="skip" href="#main">To the content</a>
    <nav aria-label="Pages">%3$s</nav>
    <main id="main">
    <h1>%1$s</h1>
    %6$s%4$s%7$s</main>
    </body>
    </html>
    """
        .formatted(
            escape(title),
            STYLE_PATH,
            String.join(" ", entries),
            body,
            isLive() ? "\n<script src=\"" + LIVE_PATH + "\" defer></script>" : "",
            isLive() ? "<div id=\"live\" data-every-ms=\"" + liveMs + "\">\n" : "",
            isLive() ? "</div>\n" : "");
  }

  /**
   * The whole document as a file of its own: the style is inside, and whoever opens it needs
   * nothing else and no network.
   *
   * @throws IllegalStateException for a page that leads to others, or is fetched again
   */
  public String standalone() {
    if (isLive() || !navigation.isEmpty()) {
      throw new IllegalStateException("a file of its own is neither live nor leads to other pages");
    }
    return """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <title>%1$s</title>
    <style>
    %2$s</style>
    </head>
    <body>
    <main>
    <h1>%1$s</h1>
    %3$s</main>
    </body>
    </html>
    """
        .formatted(escape(title), new String(STYLE, StandardCharsets.UTF_8), body);
  }

  private static String anchor(String text, String path) {
    return "<a href=\"" + escape(path) + "\">" + escape(text) + "</a>";
  }

  /** Text as it may stand in an element or a quoted attribute. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  static WebAnswer style() {
    return WebAnswer.of("text/css; charset=utf-8", STYLE);
  }

  static WebAnswer script() {
    return WebAnswer.of("text/javascript; charset=utf-8", LIVE);
  }

  private static byte[] resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
