package dev.cofferdam.load.scenario.yaml;

import dev.cofferdam.load.scenario.Stream.Range;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** The fields of a mapping, each read once and checked, with lines in what is wrong. */
final class Fields {
  private final Node node;
  private final Map<String, Node> values;

  private Fields(Node node, Map<String, Node> values) {
    this.node = node;
    this.values = values;
  }

  static Fields of(Node node, Set<String> known) {
    if (!(node instanceof MappingNode mapping)) {
      throw wrong(node, "names with values are expected here");
    }
    Map<String, Node> values = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      String name = tuple.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "?";
      if (!known.contains(name)) {
        throw wrong(tuple.getKeyNode(), name + " (known: " + new TreeSet<>(known) + ")");
      }
      if (values.put(name, tuple.getValueNode()) != null) {
        throw wrong(tuple.getKeyNode(), name + " is there twice");
      }
    }
    return new Fields(node, values);
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  String text(String name, String absent) {
    Node value = values.get(name);
    return value == null ? absent : scalar(name, value);
  }

  double number(String name, double absent, double min, double max) {
    Node value = values.get(name);
    return value == null ? absent : number(name, value, min, max);
  }

  double[] numbers(String name, double max) {
    return list(name).stream().mapToDouble(one -> number(name, one, 0, max)).toArray();
  }

  /** One whole number, or the least and the most in a list. */
  Range range(String name, int max) {
    Node value = values.get(name);
    if (value instanceof SequenceNode sequence && sequence.getValue().size() == 2) {
      return checked(
          () ->
              new Range(
                  (int) number(name, sequence.getValue().get(0), 1, max),
                  (int) number(name, sequence.getValue().get(1), 1, max)));
    }
    if (value == null || value instanceof SequenceNode) {
      throw wrong(name, "(expected: a number, or [least, most])");
    }
    int both = (int) number(name, value, 1, max);
    return new Range(both, both);
  }

  <T extends Enum<T>> T choice(String name, Class<T> type, T absent) {
    String text = text(name, absent.name());
    for (T one : type.getEnumConstants()) {
      if (one.name().equalsIgnoreCase(text)) {
        return one;
      }
    }
    throw wrong(name, text + " (expected one of: " + ScenarioFile.names(type) + ")");
  }

  List<Node> list(String name) {
    if (values.get(name) instanceof SequenceNode sequence) {
      return sequence.getValue();
    }
    throw wrong(name, "(expected: a list)");
  }

  /** What is made of the fields; what its rules refuse is told with the line. */
  <T> T checked(Supplier<T> made) {
    try {
      return made.get();
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw message.startsWith("line ") ? e : wrong(node, message);
    }
  }

  IllegalArgumentException wrong(String name, String problem) {
    return wrong(values.getOrDefault(name, node), name + ": " + problem);
  }

  private static double number(String name, Node node, double min, double max) {
    String text = scalar(name, node);
    try {
      double value = Double.parseDouble(text);
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // The same answer as out of bounds.
    }
    throw wrong(
        node, String.format(Locale.ROOT, "%s: %s (expected: %s to %s)", name, text, min, max));
  }

  private static String scalar(String name, Node node) {
    if (node instanceof ScalarNode scalar) {
      return scalar.getValue();
    }
    throw wrong(node, name + " (expected: one value)");
  }

  private static IllegalArgumentException wrong(Node node, String problem) {
    return new IllegalArgumentException(
        "line " + (node.getStartMark().getLine() + 1) + ": " + problem);
  }
}
