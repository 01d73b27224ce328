package dev.cofferdam.gateway.prompt.jinja;

import dev.cofferdam.gateway.prompt.MarkedText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The methods of texts and mappings that templates call. */
final class Methods {
  private static final Set<String> KNOWN =
      Set.of(
          "strip",
          "lstrip",
          "rstrip",
          "split",
          "startswith",
          "endswith",
          "upper",
          "lower",
          "capitalize",
          "replace",
          "join",
          "find",
          "count",
          "removeprefix",
          "removesuffix",
          "items",
          "keys",
          "values",
          "get");

  private Methods() {}

  static boolean isKnown(String name) {
    return KNOWN.contains(name);
  }

  static @Nullable Object call(@Nullable Object of, String name, Arguments arguments) {
    return switch (of) {
      case MarkedText text -> ofText(text, name, arguments);
      case Map<?, ?> map -> ofMap(map, name, arguments);
      case null, default ->
          throw TemplateException.failed("the method " + name + " of such a value");
    };
  }

  private static Object ofText(MarkedText text, String name, Arguments given) {
    return switch (name) {
      case "strip" -> Texts.strip(text, given.only(1).text(0, ""), true, true);
      case "lstrip" -> Texts.strip(text, given.only(1).text(0, ""), true, false);
      case "rstrip" -> Texts.strip(text, given.only(1).text(0, ""), false, true);
      case "split" ->
          Texts.split(
              text,
              given.only(2, "sep", "maxsplit").text(0, "sep"),
              Values.integer(given.get(1, "maxsplit", -1L)));
      case "startswith" -> matches(given, prefix -> text.text().startsWith(prefix));
      case "endswith" -> matches(given, suffix -> text.text().endsWith(suffix));
      case "upper" -> Texts.upper(text);
      case "lower" -> Texts.lower(text);
      case "capitalize" -> Texts.capitalize(text);
      case "replace" ->
          Texts.replace(
              text,
              given.only(3, "count").requiredText(0, ""),
              Values.text(given.required(1, "")),
              Values.integer(given.get(2, "count", -1L)));
      case "join" -> join(text, given.only(1).required(0, ""));
      case "find" -> find(text.text(), given.only(1).requiredText(0, ""));
      case "count" -> (long) Texts.split(text, given.only(1).text(0, ""), -1).size() - 1;
      case "removeprefix" -> {
        String prefix = given.only(1).requiredText(0, "");
        boolean has = text.text().startsWith(prefix);
        yield has ? text.substring(prefix.length(), text.text().length()) : text;
      }
      case "removesuffix" -> {
        String suffix = given.only(1).requiredText(0, "");
        boolean has = text.text().endsWith(suffix);
        yield has ? text.substring(0, text.text().length() - suffix.length()) : text;
      }
      default -> throw TemplateException.failed("the method " + name + " of a text");
    };
  }

  private static boolean matches(Arguments given, java.util.function.Predicate<String> test) {
    return given.only(1).required(0, "") instanceof List<?> several
        ? several.stream().anyMatch(one -> test.test(Values.text(one).text()))
        : test.test(given.requiredText(0, ""));
  }

  private static long find(String text, String part) {
    int at = text.indexOf(part);
    return at < 0 ? -1 : text.codePointCount(0, at);
  }

  static MarkedText join(MarkedText between, @Nullable Object list) {
    List<@Nullable Object> parts = new ArrayList<>();
    for (Object element : Values.elements(list)) {
      if (!parts.isEmpty()) {
        parts.add(between);
      }
      parts.add(element);
    }
    return Values.join(parts);
  }

  private static @Nullable Object ofMap(Map<?, ?> map, String name, Arguments given) {
    return switch (name) {
      case "items" -> items(map);
      case "keys" -> Values.elements(map);
      case "values" -> new ArrayList<@Nullable Object>(map.values());
      case "get" -> {
        String key = given.only(2).requiredText(0, "");
        yield map.containsKey(key) ? map.get(key) : given.get(1, "default", null);
      }
      default -> throw TemplateException.failed("the method " + name + " of a mapping");
    };
  }

  static List<@Nullable Object> items(Map<?, ?> map) {
    List<@Nullable Object> items = new ArrayList<>();
    map.forEach(
        (key, value) -> {
          List<@Nullable Object> pair = new ArrayList<>();
          pair.add(MarkedText.own(key.toString()));
          pair.add(value);
          items.add(pair);
        });
    return items;
  }
}
