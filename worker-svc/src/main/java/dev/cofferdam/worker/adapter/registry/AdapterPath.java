package dev.cofferdam.worker.adapter.registry;

import dev.cofferdam.worker.adapter.BadAdapterException;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Where an adapter lies below the root of a store: plain names, none of which leads elsewhere.
 *
 * @param segments the names, outermost first
 */
public record AdapterPath(List<String> segments) {
  private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
  private static final int SEGMENTS_MAX = 8;

  /**
   * Checks a path.
   *
   * @param path segments separated by {@code /}
   * @throws BadAdapterException when it is no plain path
   */
  public static AdapterPath of(String path) {
    return new AdapterPath(List.of(path.split("/", -1)));
  }

  public AdapterPath {
    segments = List.copyOf(segments);
    if (segments.size() > SEGMENTS_MAX) {
      throw new BadAdapterException("folder: more than " + SEGMENTS_MAX + " segments");
    }
    if (!segments.stream().allMatch(s -> SEGMENT.matcher(s).matches())) {
      throw new BadAdapterException("folder: not a plain path below the root of the adapters");
    }
  }

  /** The adapter's own name, the last segment. */
  public String name() {
    return segments.getLast();
  }

  @Override
  public String toString() {
    return String.join("/", segments);
  }
}
