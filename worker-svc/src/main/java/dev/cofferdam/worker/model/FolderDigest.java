package dev.cofferdam.worker.model;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SortedMap;

/**
 * Digest over several files: what {@code sha256sum FILE... | sha256sum} prints for their plain
 * names in ascending order, so that an operator can check it with the tools at hand.
 */
public final class FolderDigest {
  private FolderDigest() {}

  /**
   * The digest as 64 lower-case hexadecimal digits.
   *
   * @param sha256ByName SHA-256 of each file's content by its plain name
   */
  public static String of(SortedMap<String, byte[]> sha256ByName) {
    MessageDigest digest = sha256();
    sha256ByName.forEach(
        (name, sha256) -> {
          String line = HexFormat.of().formatHex(sha256) + "  " + name + "\n";
          digest.update(line.getBytes(StandardCharsets.UTF_8));
        });
    return HexFormat.of().formatHex(digest.digest());
  }

  /** A fresh SHA-256. */
  public static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
