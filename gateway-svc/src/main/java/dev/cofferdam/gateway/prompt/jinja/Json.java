package dev.cofferdam.gateway.prompt.jinja;

import dev.cofferdam.gateway.prompt.MarkedText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values as Python's json.dumps writes them, characters beyond ASCII as they are. */
final class Json {
  private final int indent;
  private final List<@Nullable Object> out = new ArrayList<>();

  private Json(int indent) {
    this.indent = indent;
  }

  /**
   * @param indent spaces of each level; 0 for one line
   */
  static MarkedText write(@Nullable Object value, int indent) {
    Json json = new Json(indent);
    json.add(value, 1);
    return Values.join(json.out);
  }

  private void add(@Nullable Object value, int level) {
    switch (value) {
      case null -> put("null");
      case Boolean b -> put(b ? "true" : "false");
      case MarkedText t -> text(t);
      case List<?> list -> {
        put("[");
        for (int i = 0; i < list.size(); i++) {
          element(i, level);
          add(list.get(i), level + 1);
        }
        close(list.isEmpty(), level, "]");
      }
      case Map<?, ?> map -> {
        put("{");
        int i = 0;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          element(i++, level);
          text(MarkedText.own(entry.getKey().toString()));
          put(": ");
          add(entry.getValue(), level + 1);
        }
        close(map.isEmpty(), level, "}");
      }
      case Undefined u -> throw TemplateException.failed("JSON of what is not defined");
      default -> out.add(Values.text(value));
    }
  }

  private void element(int index, int level) {
    if (index > 0) {
      put(indent > 0 ? "," : ", ");
    }
    line(level);
  }

  private void close(boolean empty, int level, String end) {
    if (!empty) {
      line(level - 1);
    }
    put(end);
  }

  private void line(int level) {
    if (indent > 0) {
      put("\n" + " ".repeat(indent * level));
    }
  }

  private void put(String text) {
    out.add(MarkedText.own(text));
  }

  private void text(MarkedText text) {
    put("\"");
    out.add(Texts.each(text, Json::escaped));
    put("\"");
  }

  private static String escaped(String character) {
    int known = "\"\\\n\r\t\b\f".indexOf(character);
    if (known >= 0) {
      return "\\" + "\"\\nrtbf".charAt(known);
    }
    char c = character.charAt(0);
    return c < 0x20 ? String.format("\\u%04x", (int) c) : character;
  }
}
