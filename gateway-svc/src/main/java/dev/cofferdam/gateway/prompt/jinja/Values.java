package dev.cofferdam.gateway.prompt.jinja;

import dev.cofferdam.gateway.prompt.MarkedText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What Python does with values, as far as templates ask for it. */
final class Values {
  /** More than any template needs; bounds repetition. */
  private static final int ELEMENTS_MAX = 1 << 20;

  private Values() {}

  static boolean isTrue(@Nullable Object value) {
    return switch (value) {
      case null -> false;
      case Undefined unused -> false;
      case Boolean b -> b;
      case Long l -> l != 0;
      case Double d -> d != 0;
      case MarkedText t -> !t.isEmpty();
      case List<?> l -> !l.isEmpty();
      case Map<?, ?> m -> !m.isEmpty();
      default -> true;
    };
  }

  static boolean equal(@Nullable Object a, @Nullable Object b) {
    if (a instanceof MarkedText x && b instanceof MarkedText y) {
      return x.text().equals(y.text());
    }
    if (isNumber(a) && isNumber(b)) {
      return a instanceof Double || b instanceof Double
          ? real(a) == real(b)
          : integer(a) == integer(b);
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      boolean same = x.size() == y.size();
      for (int i = 0; same && i < x.size(); i++) {
        same = equal(x.get(i), y.get(i));
      }
      return same;
    }
    if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
      return x.keySet().equals(y.keySet())
          && x.keySet().stream().allMatch(k -> equal(x.get(k), y.get(k)));
    }
    return Objects.equals(a, b);
  }

  static int compare(@Nullable Object a, @Nullable Object b) {
    if (a instanceof MarkedText x && b instanceof MarkedText y) {
      return x.text().compareTo(y.text());
    }
    if (isNumber(a) && isNumber(b)) {
      return a instanceof Double || b instanceof Double
          ? Double.compare(real(a), real(b))
          : Long.compare(integer(a), integer(b));
    }
    throw TemplateException.failed("a comparison of such values");
  }

  static boolean contains(@Nullable Object container, @Nullable Object item) {
    return switch (container) {
      case MarkedText t -> t.text().contains(text(item).text());
      case List<?> l -> l.stream().anyMatch(e -> equal(e, item));
      case Map<?, ?> m -> item instanceof MarkedText t && m.containsKey(t.text());
      case Undefined unused -> false;
      case null, default -> throw TemplateException.failed("a search in such a value");
    };
  }

  /** The elements of what can be gone through. */
  static List<@Nullable Object> elements(@Nullable Object value) {
    return switch (value) {
      case List<?> l -> new ArrayList<>(l);
      case Map<?, ?> m ->
          new ArrayList<>(m.keySet().stream().map(k -> MarkedText.own(k.toString())).toList());
      case MarkedText t -> characters(t);
      case Undefined unused -> new ArrayList<>();
      case null, default -> throw TemplateException.failed("going through such a value");
    };
  }

  private static List<@Nullable Object> characters(MarkedText text) {
    List<@Nullable Object> characters = new ArrayList<>();
    int next;
    for (int i = 0; i < text.text().length(); i = next) {
      next = i + Character.charCount(text.text().codePointAt(i));
      characters.add(text.substring(i, next));
    }
    return characters;
  }

  static long length(@Nullable Object value) {
    return switch (value) {
      case MarkedText t -> t.text().codePointCount(0, t.text().length());
      case List<?> l -> l.size();
      case Map<?, ?> m -> m.size();
      case Undefined unused -> 0;
      case null, default -> throw TemplateException.failed("a length of such a value");
    };
  }

  /** The value in brackets behind another. */
  static @Nullable Object item(@Nullable Object of, @Nullable Object key) {
    if (of instanceof Map<?, ?> map && key instanceof MarkedText name) {
      return map.containsKey(name.text()) ? map.get(name.text()) : Undefined.INSTANCE;
    }
    if ((of instanceof List<?> || of instanceof MarkedText) && key instanceof Long index) {
      List<@Nullable Object> list = elements(of);
      long i = index < 0 ? index + list.size() : index;
      return i >= 0 && i < list.size() ? list.get((int) i) : Undefined.INSTANCE;
    }
    if (of instanceof Namespace namespace && key instanceof MarkedText name) {
      return namespace.variables().getOrDefault(name.text(), Undefined.INSTANCE);
    }
    if (of == Undefined.INSTANCE) {
      throw TemplateException.failed("a part of what is not defined");
    }
    return Undefined.INSTANCE;
  }

  /** Python's slice. */
  static Object slice(
      @Nullable Object of, @Nullable Object from, @Nullable Object to, @Nullable Object by) {
    List<@Nullable Object> list = elements(of);
    long step = by == null ? 1 : integer(by);
    if (step == 0 || of instanceof Map) {
      throw TemplateException.failed("such a slice");
    }
    int size = list.size();
    long start = bound(from, step > 0 ? 0 : size - 1, size, step);
    long end = bound(to, step > 0 ? size : -1, size, step);
    List<@Nullable Object> out = new ArrayList<>();
    for (long i = start; step > 0 ? i < end : i > end; i += step) {
      out.add(list.get((int) i));
    }
    return of instanceof MarkedText ? join(out) : out;
  }

  private static long bound(@Nullable Object value, long otherwise, int size, long step) {
    if (value == null) {
      return otherwise;
    }
    long i = integer(value);
    i = i < 0 ? i + size : i;
    return step > 0 ? Math.clamp(i, 0, size) : Math.clamp(i, -1, size - 1);
  }

  static MarkedText join(List<@Nullable Object> parts) {
    String[] texts = new String[parts.size()];
    String[] marks = new String[parts.size()];
    for (int i = 0; i < parts.size(); i++) {
      MarkedText part = text(parts.get(i));
      texts[i] = part.text();
      marks[i] = part.marks();
    }
    return new MarkedText(String.join("", texts), String.join("", marks));
  }

  /** The sum of one value or more, from the left; texts are joined at once. */
  static @Nullable Object sum(List<@Nullable Object> values) {
    boolean texts = true;
    for (Object value : values) {
      texts &= value instanceof MarkedText;
    }
    if (texts) {
      return join(values);
    }
    Object sum = values.getFirst();
    for (Object value : values.subList(1, values.size())) {
      sum = add(sum, value);
    }
    return sum;
  }

  static Object add(@Nullable Object a, @Nullable Object b) {
    if (a instanceof MarkedText x && b instanceof MarkedText y) {
      return x.plus(y);
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      List<@Nullable Object> both = new ArrayList<>(x);
      both.addAll(y);
      return both;
    }
    return arithmetic("+", a, b);
  }

  static Object arithmetic(String operator, @Nullable Object a, @Nullable Object b) {
    if (operator.equals("*") && (a instanceof MarkedText || b instanceof MarkedText)) {
      return a instanceof MarkedText t ? repeat(t, b) : repeat(text(b), a);
    }
    if (!isNumber(a) || !isNumber(b)) {
      throw TemplateException.failed("arithmetic on such values");
    }
    boolean divides = "/ // %".contains(operator);
    if (divides && real(b) == 0) {
      throw TemplateException.failed("a division by zero");
    }
    if (a instanceof Double || b instanceof Double || operator.equals("/")) {
      return real(operator, real(a), real(b));
    }
    try {
      return integer(operator, integer(a), integer(b));
    } catch (ArithmeticException e) {
      throw TemplateException.failed("a number that large");
    }
  }

  private static double real(String operator, double a, double b) {
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> a / b;
      case "//" -> Math.floor(a / b);
      case "%" -> a - b * Math.floor(a / b);
      default -> Math.pow(a, b);
    };
  }

  private static Object integer(String operator, long a, long b) {
    return switch (operator) {
      case "+" -> Math.addExact(a, b);
      case "-" -> Math.subtractExact(a, b);
      case "*" -> Math.multiplyExact(a, b);
      case "//" -> Math.floorDiv(a, b);
      case "%" -> Math.floorMod(a, b);
      default -> throw TemplateException.failed("a power of integers");
    };
  }

  private static MarkedText repeat(MarkedText text, @Nullable Object times) {
    long count = Math.max(0, integer(times));
    if (count * text.text().length() > ELEMENTS_MAX) {
      throw TemplateException.failed("a text that long");
    }
    return new MarkedText(text.text().repeat((int) count), text.marks().repeat((int) count));
  }

  /** A value as text; only of what Python writes in one way. */
  static MarkedText text(@Nullable Object value) {
    return switch (value) {
      case MarkedText t -> t;
      case null -> MarkedText.own("None");
      case Undefined unused -> MarkedText.EMPTY;
      case Boolean b -> MarkedText.own(b ? "True" : "False");
      case Long l -> MarkedText.own(l.toString());
      case Double d when Math.abs(d) < 1e7 && (Math.abs(d) >= 1e-3 || d == 0) ->
          MarkedText.own(d.toString());
      default -> throw TemplateException.failed("text of such a value");
    };
  }

  static boolean isNumber(@Nullable Object value) {
    return value instanceof Long || value instanceof Double || value instanceof Boolean;
  }

  static long integer(@Nullable Object value) {
    return switch (value) {
      case Long l -> l;
      case Boolean b -> b ? 1 : 0;
      case null, default -> throw TemplateException.failed("no integer");
    };
  }

  static double real(@Nullable Object value) {
    return value instanceof Double d ? d : integer(value);
  }

  /** The integers of Python's range. */
  static List<@Nullable Object> range(long from, long to, long step) {
    if (step == 0 || Math.abs(to - from) / Math.abs(step) > ELEMENTS_MAX) {
      throw TemplateException.failed("such a range");
    }
    List<@Nullable Object> out = new ArrayList<>();
    for (long i = from; step > 0 ? i < to : i > to; i += step) {
      out.add(i);
    }
    return out;
  }
}
