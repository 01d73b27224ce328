package dev.cofferdam.local.admin;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.io.Reader;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * A declared configuration: a section for each kind of record, in it the records by their keys, in
 * them the fields of the admin API. Strict: what is unknown, there twice or of another type is
 * refused with its line. Keys and other secrets have no place in it.
 */
public final class DeclaredFile {
  private static final int CHARS_MAX = 16 << 20;

  private DeclaredFile() {}

  /**
   * Reads a file.
   *
   * @return the records by kind and key; a kind without a section is missing
   * @throws IllegalArgumentException "line 5: …" for a file that does not hold
   */
  public static Map<RecordKind, Map<String, Message>> read(Reader text) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(CHARS_MAX);
    Node root;
    try {
      root = new Yaml(options).compose(text);
    } catch (MarkedYAMLException e) {
      throw new IllegalArgumentException(
          "line " + (e.getProblemMark().getLine() + 1) + ": " + e.getProblem(), e);
    }
    Map<RecordKind, Map<String, Message>> declared = new EnumMap<>(RecordKind.class);
    if (root == null) {
      return declared;
    }
    entries(root)
        .forEach(
            (name, node) ->
                declared.put(
                    RecordKind.ofSection(name.getValue())
                        .orElseThrow(
                            () ->
                                wrong(
                                    name,
                                    name.getValue()
                                        + " is no section (known: pools, rate_cards, models,"
                                        + " tenants, adapters; keys are issued, not declared)")),
                    section(name.getValue(), node)));
    return declared;
  }

  private static Map<String, Message> section(String name, Node node) {
    RecordKind kind = RecordKind.ofSection(name).orElseThrow();
    Map<String, Message> records = new TreeMap<>();
    entries(node)
        .forEach(
            (key, fields) -> {
              try {
                Message.Builder record = kind.empty(key.getValue());
                fill(record, kind.declared(), fields);
                records.put(key.getValue(), record.build());
              } catch (IllegalArgumentException e) {
                throw wrong(key, e);
              }
            });
    return records;
  }

  private static void fill(Message.Builder record, List<FieldDescriptor> known, Node node) {
    entries(node)
        .forEach(
            (name, value) -> {
              FieldDescriptor field =
                  known.stream()
                      .filter(f -> f.getName().equals(name.getValue()))
                      .findFirst()
                      .orElseThrow(() -> wrong(name, FieldText.unknown(name.getValue(), known)));
              if (!field.isRepeated()) {
                record.setField(field, value(record, field, value));
              } else if (value instanceof SequenceNode list) {
                list.getValue()
                    .forEach(one -> record.addRepeatedField(field, value(record, field, one)));
              } else {
                throw wrong(value, field.getName() + " (expected: a list)");
              }
            });
  }

  private static Object value(Message.Builder record, FieldDescriptor field, Node node) {
    if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
      Message.Builder nested = record.newBuilderForField(field);
      fill(nested, field.getMessageType().getFields(), node);
      return nested.build();
    }
    if (!(node instanceof ScalarNode scalar)) {
      throw wrong(node, field.getName() + " (expected: one value)");
    }
    boolean written =
        switch (field.getJavaType()) {
          case STRING -> scalar.getTag().equals(Tag.STR);
          case ENUM -> true;
          default -> scalar.getScalarStyle() == ScalarStyle.PLAIN;
        };
    if (!written) {
      throw wrong(
          node,
          field.getName()
              + ": "
              + scalar.getValue()
              + (field.getJavaType() == FieldDescriptor.JavaType.STRING
                  ? " (expected: a text; put it in quotes)"
                  : " (expected: without quotes)"));
    }
    try {
      return FieldText.parse(field, scalar.getValue());
    } catch (IllegalArgumentException e) {
      throw wrong(node, field.getName() + ": " + e.getMessage());
    }
  }

  private static Map<ScalarNode, Node> entries(Node node) {
    if (node instanceof ScalarNode scalar && scalar.getTag().equals(Tag.NULL)) {
      return Map.of();
    }
    if (!(node instanceof MappingNode mapping)) {
      throw wrong(node, "names with values are expected here");
    }
    Map<ScalarNode, Node> entries = new java.util.LinkedHashMap<>();
    Set<String> names = new HashSet<>();
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode name)) {
        throw wrong(tuple.getKeyNode(), "a name is expected here");
      }
      if (!names.add(name.getValue())) {
        throw wrong(name, name.getValue() + " is there twice");
      }
      entries.put(name, tuple.getValueNode());
    }
    return entries;
  }

  /** Keeps the line of the innermost problem. */
  private static IllegalArgumentException wrong(Node node, IllegalArgumentException problem) {
    String text = String.valueOf(problem.getMessage());
    return text.startsWith("line ") ? problem : wrong(node, text);
  }

  private static IllegalArgumentException wrong(Node node, String problem) {
    return new IllegalArgumentException(
        "line " + (node.getStartMark().getLine() + 1) + ": " + problem);
  }
}
