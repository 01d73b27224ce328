package dev.cofferdam.gateway.prompt.jinja;

import dev.cofferdam.gateway.prompt.MarkedText;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that every template can call: Jinja's, and those that Hugging Face adds. */
final class Globals {
  private static final Map<Character, String> DATE_PARTS =
      Map.ofEntries(
          Map.entry('d', "dd"),
          Map.entry('m', "MM"),
          Map.entry('b', "MMM"),
          Map.entry('B', "MMMM"),
          Map.entry('y', "uu"),
          Map.entry('Y', "uuuu"),
          Map.entry('a', "EEE"),
          Map.entry('A', "EEEE"),
          Map.entry('j', "DDD"),
          Map.entry('H', "HH"),
          Map.entry('I', "hh"),
          Map.entry('p', "a"),
          Map.entry('M', "mm"),
          Map.entry('S', "ss"));

  private Globals() {}

  static void define(Scope scope, Clock clock) {
    scope.set("raise_exception", (Function) Globals::raise);
    scope.set("namespace", (Function) Globals::namespace);
    scope.set("dict", (Function) given -> new HashMap<>(given.only(0, names(given)).named()));
    scope.set("range", (Function) Globals::range);
    scope.set("strftime_now", (Function) given -> now(given, clock));
  }

  private static Object raise(Arguments given) {
    throw TemplateException.raised();
  }

  private static String[] names(Arguments given) {
    return given.named().keySet().toArray(String[]::new);
  }

  private static Object namespace(Arguments given) {
    Map<String, @Nullable Object> variables = new HashMap<>();
    if (given.only(1, names(given)).get(0, "", null) instanceof Map<?, ?> map) {
      map.forEach((key, value) -> variables.put(key.toString(), value));
    }
    variables.putAll(given.named());
    return new Namespace(variables);
  }

  private static Object range(Arguments given) {
    List<@Nullable Object> bounds = given.only(3).positional();
    long first = Values.integer(given.required(0, ""));
    return bounds.size() == 1
        ? Values.range(0, first, 1)
        : Values.range(first, Values.integer(bounds.get(1)), Values.integer(given.get(2, "", 1L)));
  }

  /** Python's strftime in the C locale. */
  private static Object now(Arguments given, Clock clock) {
    String format = given.only(1, "format").requiredText(0, "format");
    ZonedDateTime now = ZonedDateTime.now(clock);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char part = format.charAt(++i);
      String pattern = DATE_PARTS.get(part);
      if (part == '%') {
        out.append('%');
      } else if (pattern != null) {
        out.append(DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(now));
      } else {
        throw TemplateException.failed("the part " + part + " of a date");
      }
    }
    return MarkedText.own(out.toString());
  }
}
