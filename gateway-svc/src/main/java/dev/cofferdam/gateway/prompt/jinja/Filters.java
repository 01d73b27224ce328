package dev.cofferdam.gateway.prompt.jinja;

import dev.cofferdam.gateway.prompt.MarkedText;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The filters that templates use. */
final class Filters {
  private static final Set<String> KNOWN =
      Set.of(
          "trim",
          "length",
          "count",
          "tojson",
          "upper",
          "lower",
          "capitalize",
          "first",
          "last",
          "join",
          "list",
          "string",
          "int",
          "default",
          "d",
          "replace",
          "map",
          "select",
          "reject",
          "selectattr",
          "rejectattr",
          "items",
          "reverse",
          "safe");

  private Filters() {}

  static boolean isKnown(String name) {
    return KNOWN.contains(name);
  }

  static @Nullable Object apply(String name, @Nullable Object value, Arguments given) {
    return switch (name) {
      case "trim" ->
          Texts.strip(Values.text(value), given.only(1, "chars").text(0, "chars"), true, true);
      case "length", "count" -> Values.length(value);
      case "tojson" ->
          Json.write(value, (int) Values.integer(given.only(1, "indent").get(0, "indent", 0L)));
      case "upper" -> Texts.upper(Values.text(value));
      case "lower" -> Texts.lower(Values.text(value));
      case "capitalize" -> Texts.capitalize(Values.text(value));
      case "first" -> Values.item(list(value), 0L);
      case "last" -> Values.item(list(value), -1L);
      case "join" -> join(value, given.only(1, "d"));
      case "list" -> Values.elements(value);
      case "string", "safe" -> Values.text(value);
      case "int" -> integer(value);
      case "default", "d" -> otherwise(value, given.only(2, "default_value", "boolean"));
      case "replace" ->
          Texts.replace(
              Values.text(value),
              given.only(2).requiredText(0, ""),
              Values.text(given.required(1, "")),
              -1);
      case "map" -> map(value, given);
      case "select" -> select(value, given, true);
      case "reject" -> select(value, given, false);
      case "selectattr" -> selectByAttribute(value, given, true);
      case "rejectattr" -> selectByAttribute(value, given, false);
      case "items" -> value instanceof Map<?, ?> map ? Methods.items(map) : Values.elements(value);
      case "reverse" -> reverse(value);
      default -> throw new IllegalStateException(name);
    };
  }

  private static List<@Nullable Object> list(@Nullable Object value) {
    return Values.elements(value);
  }

  private static MarkedText join(@Nullable Object value, Arguments given) {
    return Methods.join(Values.text(given.get(0, "d", MarkedText.EMPTY)), value);
  }

  private static long integer(@Nullable Object value) {
    if (value instanceof MarkedText text) {
      try {
        return Long.parseLong(text.text().strip());
      } catch (NumberFormatException e) {
        return 0;
      }
    }
    return value instanceof Double d ? d.longValue() : Values.integer(value);
  }

  private static @Nullable Object otherwise(@Nullable Object value, Arguments given) {
    boolean also = Values.isTrue(given.get(1, "boolean", false));
    boolean replaced = value == Undefined.INSTANCE || (also && !Values.isTrue(value));
    return replaced ? given.get(0, "default_value", MarkedText.EMPTY) : value;
  }

  private static Object reverse(@Nullable Object value) {
    List<@Nullable Object> list = list(value);
    Collections.reverse(list);
    return value instanceof MarkedText ? Values.join(list) : list;
  }

  private static List<@Nullable Object> map(@Nullable Object value, Arguments given) {
    Optional<String> attribute = given.text(Integer.MAX_VALUE, "attribute");
    String filter = attribute.isPresent() ? "" : given.requiredText(0, "");
    if (attribute.isEmpty() && !isKnown(filter)) {
      throw TemplateException.failed("a map by a filter that is not offered");
    }
    List<@Nullable Object> out = new ArrayList<>();
    for (Object element : list(value)) {
      out.add(
          attribute.isPresent()
              ? attribute(element, attribute.get(), given)
              : apply(filter, element, after(given, 1)));
    }
    return out;
  }

  private static @Nullable Object attribute(@Nullable Object of, String name, Arguments given) {
    Object value = Values.item(of, MarkedText.own(name));
    return value == Undefined.INSTANCE ? given.get(Integer.MAX_VALUE, "default", value) : value;
  }

  private static List<@Nullable Object> select(
      @Nullable Object value, Arguments given, boolean wanted) {
    List<@Nullable Object> out = new ArrayList<>();
    for (Object element : list(value)) {
      if (test(given, 0, element) == wanted) {
        out.add(element);
      }
    }
    return out;
  }

  private static List<@Nullable Object> selectByAttribute(
      @Nullable Object value, Arguments given, boolean wanted) {
    MarkedText name = Values.text(given.required(0, ""));
    List<@Nullable Object> out = new ArrayList<>();
    for (Object element : list(value)) {
      if (test(given, 1, Values.item(element, name)) == wanted) {
        out.add(element);
      }
    }
    return out;
  }

  private static boolean test(Arguments given, int place, @Nullable Object value) {
    if (given.positional().size() <= place) {
      return Values.isTrue(value);
    }
    String name = given.requiredText(place, "");
    if (!Tests.isKnown(name)) {
      throw TemplateException.failed("a selection by a test that is not offered");
    }
    return Tests.apply(name, value, after(given, place + 1));
  }

  private static Arguments after(Arguments given, int place) {
    return new Arguments(
        given.positional().subList(place, given.positional().size()), given.named());
  }
}
