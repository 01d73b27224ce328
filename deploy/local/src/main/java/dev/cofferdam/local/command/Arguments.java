package dev.cofferdam.local.command;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A command line, taken apart.
 *
 * @param words what is no option
 * @param flags options without a value, with their dashes
 * @param values options with values, in order
 */
record Arguments(List<String> words, Set<String> flags, Map<String, List<String>> values) {
  Arguments {
    words = List.copyOf(words);
    flags = Set.copyOf(flags);
    values = Map.copyOf(values);
  }

  /**
   * Takes a command line apart.
   *
   * @param knownFlags options without a value
   * @param knownValues options with a value
   * @throws UsageException for an option that is in neither
   */
  static Arguments parse(List<String> line, Set<String> knownFlags, Set<String> knownValues) {
    List<String> words = new ArrayList<>();
    Set<String> flags = new java.util.HashSet<>();
    Map<String, List<String>> values = new HashMap<>();
    for (int i = 0; i < line.size(); i++) {
      String word = line.get(i);
      if (!word.startsWith("-")) {
        words.add(word);
      } else if (knownFlags.contains(word)) {
        flags.add(word);
      } else if (knownValues.contains(word)) {
        if (i + 1 == line.size()) {
          throw new UsageException(word + " needs a value");
        }
        values.computeIfAbsent(word, unused -> new ArrayList<>()).add(line.get(++i));
      } else {
        throw new UsageException("unknown option " + word);
      }
    }
    return new Arguments(words, flags, values);
  }

  boolean has(String flag) {
    return flags.contains(flag);
  }

  List<String> all(String option) {
    return values.getOrDefault(option, List.of());
  }

  Optional<String> value(String option) {
    return all(option).stream().reduce((first, last) -> last);
  }

  /** A value as a number in bounds. */
  static int number(String what, String text, int min, int max) {
    try {
      int value = Integer.parseInt(text);
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // The same answer as out of bounds.
    }
    throw new UsageException(what + ": " + text + " (expected: " + min + " to " + max + ")");
  }
}
