package dev.cofferdam.tenancy.manifests.yaml;

import dev.cofferdam.tenancy.manifests.Fleet;
import java.io.Reader;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * A fleet as a file: the names of {@link Fleet} in lower case with underscores, each with the
 * default of {@link Fleet#defaults} where it is missing. Strict.
 */
public final class FleetFile {
  private static final int CHARS_MAX = 1 << 20;

  private FleetFile() {}

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException naming every value that does not hold
   */
  public static Fleet read(Reader text) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(CHARS_MAX);
    options.setAllowDuplicateKeys(false);
    Object root;
    try {
      root = new Yaml(new SafeConstructor(options)).load(text);
    } catch (YAMLException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    if (root == null) {
      return Fleet.defaults();
    }
    if (!(root instanceof Map<?, ?> given)) {
      throw new IllegalArgumentException("names with values are expected");
    }
    return fleet(given);
  }

  private static Fleet fleet(Map<?, ?> given) {
    Map<String, @Nullable Object> left = new TreeMap<>();
    given.forEach((name, value) -> left.put(String.valueOf(name), value));
    List<String> problems = new ArrayList<>();
    RecordComponent[] components = Fleet.class.getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      String name = components[i].getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
      if (left.containsKey(name)) {
        values[i] = value(name, components[i], left.get(name), problems);
        left.remove(name);
      } else {
        values[i] = fallback(components[i]);
      }
    }
    left.keySet().forEach(name -> problems.add(name + " (unknown; known: " + names() + ")"));
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", problems));
    }
    return make(components, values);
  }

  private static Object value(
      String name, RecordComponent component, @Nullable Object value, List<String> problems) {
    Class<?> type = component.getType();
    if (type == String.class && value instanceof String) {
      return value;
    }
    if (type == List.class
        && value instanceof List<?> list
        && list.stream().allMatch(String.class::isInstance)) {
      return value;
    }
    if (value instanceof Integer || value instanceof Long) {
      long number = ((Number) value).longValue();
      if (type == long.class && number >= 0) {
        return number;
      }
      if (type == int.class && number > 0 && number <= Integer.MAX_VALUE) {
        return (int) number;
      }
    }
    problems.add(
        "%s: %s (expected: %s)"
            .formatted(
                name,
                value,
                type == String.class
                    ? "a text"
                    : type == List.class ? "a list of texts" : "a whole number"));
    return fallback(component);
  }

  private static String names() {
    return String.join(
        ", ",
        Arrays.stream(Fleet.class.getRecordComponents())
            .map(c -> c.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT))
            .toList());
  }

  private static Object fallback(RecordComponent component) {
    try {
      return component.getAccessor().invoke(Fleet.defaults());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Fleet make(RecordComponent[] components, Object[] values) {
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      Constructor<Fleet> constructor = Fleet.class.getDeclaredConstructor(types);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      throw new IllegalArgumentException(String.valueOf(e.getTargetException().getMessage()), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
