package dev.cofferdam.gateway.prompt.jinja;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a function, filter or test is given. */
record Arguments(List<@Nullable Object> positional, Map<String, @Nullable Object> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  /** An argument by its place or its name, or what stands for it. */
  @Nullable Object get(int place, String name, @Nullable Object otherwise) {
    if (place < positional.size()) {
      return positional.get(place);
    }
    return named.containsKey(name) ? named.get(name) : otherwise;
  }

  @Nullable Object required(int place, String name) {
    Object value = get(place, name, Undefined.INSTANCE);
    if (value == Undefined.INSTANCE) {
      throw TemplateException.failed("a missing argument");
    }
    return value;
  }

  Optional<String> text(int place, String name) {
    Object value = get(place, name, null);
    return value == null ? Optional.empty() : Optional.of(Values.text(value).text());
  }

  String requiredText(int place, String name) {
    return Values.text(required(place, name)).text();
  }

  /** No more than some positional ones, and no other names. */
  Arguments only(int count, String... names) {
    if (positional.size() > count || !List.of(names).containsAll(named.keySet())) {
      throw TemplateException.failed("arguments that are not known");
    }
    return this;
  }
}
