package dev.cofferdam.gateway.prompt.jinja;

import dev.cofferdam.gateway.prompt.MarkedText;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The tests that templates use behind "is". */
final class Tests {
  private static final Set<String> KNOWN =
      Set.of(
          "defined",
          "undefined",
          "none",
          "string",
          "number",
          "integer",
          "float",
          "boolean",
          "true",
          "false",
          "mapping",
          "iterable",
          "sequence",
          "equalto",
          "eq",
          "ne",
          "lt",
          "gt",
          "le",
          "ge",
          "in",
          "odd",
          "even",
          "divisibleby");

  private Tests() {}

  static boolean isKnown(String name) {
    return KNOWN.contains(name);
  }

  static boolean apply(String name, @Nullable Object value, Arguments given) {
    return switch (name) {
      case "defined" -> value != Undefined.INSTANCE;
      case "undefined" -> value == Undefined.INSTANCE;
      case "none" -> value == null;
      case "string" -> value instanceof MarkedText;
      case "number" -> Values.isNumber(value);
      case "integer" -> value instanceof Long;
      case "float" -> value instanceof Double;
      case "boolean" -> value instanceof Boolean;
      case "true" -> Boolean.TRUE.equals(value);
      case "false" -> Boolean.FALSE.equals(value);
      case "mapping" -> value instanceof Map;
      case "iterable", "sequence" ->
          value instanceof List
              || value instanceof Map
              || value instanceof MarkedText
              || value == Undefined.INSTANCE;
      case "equalto", "eq" -> Values.equal(value, given.only(1).required(0, ""));
      case "ne" -> !Values.equal(value, given.only(1).required(0, ""));
      case "lt" -> Values.compare(value, given.only(1).required(0, "")) < 0;
      case "gt" -> Values.compare(value, given.only(1).required(0, "")) > 0;
      case "le" -> Values.compare(value, given.only(1).required(0, "")) <= 0;
      case "ge" -> Values.compare(value, given.only(1).required(0, "")) >= 0;
      case "in" -> Values.contains(given.only(1).required(0, ""), value);
      case "odd" -> Math.floorMod(Values.integer(value), 2L) == 1;
      case "even" -> Math.floorMod(Values.integer(value), 2L) == 0;
      case "divisibleby" ->
          Values.equal(Values.arithmetic("%", value, given.only(1).required(0, "")), 0L);
      default -> throw new IllegalStateException(name);
    };
  }
}
