package dev.cofferdam.local.admin;

import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What would be changed so that a declaration is in force.
 *
 * @param steps in the order in which they can be made
 * @param undeclared records of declared kinds that stay, as nobody asked for their removal
 */
public record Plan(List<Step> steps, List<String> undeclared) {
  public Plan {
    steps = List.copyOf(steps);
    undeclared = List.copyOf(undeclared);
  }

  /** A change of one record, made from its revision. */
  public sealed interface Step {
    /** The record's kind. */
    RecordKind kind();

    /** The record's key. */
    String key();

    /** A new record. */
    record Add(RecordKind kind, String key, Message record) implements Step {}

    /**
     * A changed one.
     *
     * @param differences "field: before → after"
     */
    record Change(
        RecordKind kind, String key, Message record, long revision, List<String> differences)
        implements Step {
      public Change {
        differences = List.copyOf(differences);
      }
    }

    /** One that goes. */
    record Remove(RecordKind kind, String key, long revision) implements Step {}
  }

  /**
   * Compares a declaration with what is in force.
   *
   * @param prune whether records that are in force and not declared go, of kinds that are declared
   */
  public static Plan of(
      Map<RecordKind, Map<String, Message>> declared,
      Map<RecordKind, Map<String, Message>> inForce,
      boolean prune) {
    List<Step> steps = new ArrayList<>();
    List<Step> removals = new ArrayList<>();
    List<String> undeclared = new ArrayList<>();
    for (RecordKind kind : RecordKind.values()) {
      if (!declared.containsKey(kind)) {
        continue;
      }
      Map<String, Message> wanted = declared.getOrDefault(kind, Map.of());
      Map<String, Message> present = inForce.getOrDefault(kind, Map.of());
      wanted.forEach((key, record) -> step(kind, key, record, present).ifPresent(steps::add));
      for (Map.Entry<String, Message> entry : new TreeMap<>(present).entrySet()) {
        if (wanted.containsKey(entry.getKey())) {
          continue;
        }
        if (prune) {
          removals.addFirst(new Step.Remove(kind, entry.getKey(), kind.revision(entry.getValue())));
        } else {
          undeclared.add(kind.word() + " " + entry.getKey());
        }
      }
    }
    // What refers to others is put last and goes first.
    steps.addAll(removals);
    return new Plan(steps, undeclared);
  }

  private static Optional<Step> step(
      RecordKind kind, String key, Message declared, Map<String, Message> inForce) {
    Optional<Message> present = Optional.ofNullable(inForce.get(key));
    Message record = kind.completed(declared, present);
    if (present.isEmpty()) {
      return Optional.of(new Step.Add(kind, key, record));
    }
    List<String> differences = differences(present.get(), record);
    return differences.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Step.Change(kind, key, record, kind.revision(present.get()), differences));
  }

  private static List<String> differences(Message before, Message after) {
    Map<String, String> old = FieldText.flat(before);
    Map<String, String> next = FieldText.flat(after);
    TreeSet<String> paths = new TreeSet<>(old.keySet());
    paths.addAll(next.keySet());
    return paths.stream()
        .filter(path -> !old.getOrDefault(path, "").equals(next.getOrDefault(path, "")))
        .map(
            path ->
                path
                    + ": "
                    + old.getOrDefault(path, "(unset)")
                    + " → "
                    + next.getOrDefault(path, "(unset)"))
        .toList();
  }
}
