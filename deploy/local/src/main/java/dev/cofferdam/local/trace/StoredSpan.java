package dev.cofferdam.local.trace;

import java.util.Map;

/**
 * A span as it is kept.
 *
 * @param trace 32 hexadecimal digits
 * @param span 16 hexadecimal digits
 * @param parent 16 hexadecimal digits, empty for a root
 * @param service which process reported it
 * @param name what was done
 * @param startNanos since the epoch
 * @param endNanos since the epoch
 * @param failed whether it is marked as an error
 * @param attributes its attributes as text
 */
public record StoredSpan(
    String trace,
    String span,
    String parent,
    String service,
    String name,
    long startNanos,
    long endNanos,
    boolean failed,
    Map<String, String> attributes) {
  public StoredSpan {
    attributes = Map.copyOf(attributes);
  }

  /** An attribute, empty where it is not set. */
  public String attribute(String name) {
    return attributes.getOrDefault(name, "");
  }
}
