package dev.cofferdam.audit.proof;

import java.util.Base64;
import java.util.regex.Pattern;

/**
 * The claim that a log has a size and a root hash; signed, a log cannot take it back (C2SP
 * tlog-checkpoint).
 *
 * @param origin unique name of the log, one line
 * @param size number of leaves
 * @param root root hash
 */
public record Checkpoint(String origin, long size, TreeHash root) {
  private static final Pattern SIZE = Pattern.compile("0|[1-9][0-9]{0,17}");

  public Checkpoint {
    if (origin.isBlank() || origin.chars().anyMatch(c -> c < ' ')) {
      throw new IllegalArgumentException("origin must be one line of text");
    }
    if (size < 0) {
      throw new IllegalArgumentException("size: " + size);
    }
  }

  /** The text that is signed: origin, size and root, a line each. */
  public String text() {
    return origin + "\n" + size + "\n" + Base64.getEncoder().encodeToString(root.bytes()) + "\n";
  }

  /**
   * Reads a checkpoint's text. Further lines are extensions and ignored.
   *
   * @throws IllegalArgumentException where it is none
   */
  public static Checkpoint parse(String text) {
    String[] lines = text.split("\n", -1);
    if (lines.length < 4 || !SIZE.matcher(lines[1]).matches()) {
      throw new IllegalArgumentException("not a checkpoint");
    }
    return new Checkpoint(
        lines[0], Long.parseLong(lines[1]), TreeHash.of(Base64.getDecoder().decode(lines[2])));
  }
}
