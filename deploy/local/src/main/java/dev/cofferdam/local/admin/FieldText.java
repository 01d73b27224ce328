package dev.cofferdam.local.admin;

import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Values of records as people write them: names of enums without their type, lower case; fields of
 * fields with dots.
 */
public final class FieldText {
  private FieldText() {}

  /**
   * One value of a field that is no message.
   *
   * @throws IllegalArgumentException saying what was expected
   */
  public static Object parse(FieldDescriptor field, String text) {
    try {
      return switch (field.getJavaType()) {
        case STRING -> text;
        case INT -> Integer.valueOf(text);
        case LONG -> Long.valueOf(text);
        case DOUBLE -> Double.valueOf(text);
        case BOOLEAN -> bool(text);
        case ENUM -> constant(field.getEnumType(), text);
        default -> throw new IllegalArgumentException("cannot be given as a text");
      };
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          text
              + " (expected: "
              + (field.getJavaType() == FieldDescriptor.JavaType.DOUBLE
                  ? "a number"
                  : "a whole number")
              + ")",
          e);
    }
  }

  private static Object bool(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException(text + " (expected: true or false)");
    };
  }

  private static EnumValueDescriptor constant(EnumDescriptor type, String text) {
    return type.getValues().stream()
        .filter(value -> value.getNumber() != 0 && name(value).equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    text
                        + " (expected: "
                        + type.getValues().stream()
                            .filter(value -> value.getNumber() != 0)
                            .map(FieldText::name)
                            .collect(Collectors.joining(", "))
                        + ")"));
  }

  private static String name(EnumValueDescriptor value) {
    String prefix =
        value.getType().getName().replaceAll("(?<=[a-z])(?=[A-Z])", "_").toUpperCase(Locale.ROOT)
            + "_";
    String name = value.getName();
    return (name.startsWith(prefix) ? name.substring(prefix.length()) : name)
        .toLowerCase(Locale.ROOT);
  }

  /** Everything that is set in a record, by its path. */
  public static Map<String, String> flat(Message record) {
    Map<String, String> flat = new LinkedHashMap<>();
    flatten("", record, flat);
    return flat;
  }

  private static void flatten(String prefix, Message record, Map<String, String> flat) {
    record
        .getAllFields()
        .forEach(
            (field, value) -> {
              String path = prefix + field.getName();
              if (field.isRepeated()) {
                flat.put(
                    path,
                    ((List<?>) value)
                        .stream().map(FieldText::text).collect(Collectors.joining(", ", "[", "]")));
              } else if (value instanceof Message nested) {
                flatten(path + ".", nested, flat);
              } else {
                flat.put(path, text(value));
              }
            });
  }

  private static String text(Object value) {
    return switch (value) {
      case EnumValueDescriptor constant -> name(constant);
      case Message nested ->
          flat(nested).entrySet().stream()
              .map(e -> e.getKey() + ": " + e.getValue())
              .collect(Collectors.joining(", ", "{", "}"));
      default -> String.valueOf(value);
    };
  }

  /**
   * Sets one field of a record, as {@code limits.requests_per_minute} and {@code 600}; lists are
   * separated by commas, an empty text clears.
   *
   * @throws IllegalArgumentException saying what was expected
   */
  public static void set(
      Message.Builder record, List<FieldDescriptor> known, String path, String text) {
    int dot = path.indexOf('.');
    String name = dot < 0 ? path : path.substring(0, dot);
    FieldDescriptor field =
        known.stream()
            .filter(f -> f.getName().equals(name))
            .findFirst()
            .orElseThrow(() -> unknown(path, known));
    boolean message = field.getJavaType() == FieldDescriptor.JavaType.MESSAGE;
    if (message != (dot >= 0) || (message && field.isRepeated())) {
      throw new IllegalArgumentException(
          path + " cannot be set here; declare it in a file (./cofferdam admin apply)");
    }
    try {
      if (message) {
        set(
            record.getFieldBuilder(field),
            field.getMessageType().getFields(),
            path.substring(dot + 1),
            text);
      } else {
        record.clearField(field);
        for (String one : text.isEmpty() ? List.<String>of() : parts(field, text)) {
          if (field.isRepeated()) {
            record.addRepeatedField(field, parse(field, one.strip()));
          } else {
            record.setField(field, parse(field, one));
          }
        }
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(path + ": " + e.getMessage(), e);
    }
  }

  private static List<String> parts(FieldDescriptor field, String text) {
    return field.isRepeated() ? List.of(text.split(",", -1)) : List.of(text);
  }

  static IllegalArgumentException unknown(String name, List<FieldDescriptor> known) {
    return new IllegalArgumentException(
        name
            + " is no field (known: "
            + known.stream().map(FieldDescriptor::getName).collect(Collectors.joining(", "))
            + ")");
  }
}
