package dev.cofferdam.scheduler.leadership.kubernetes;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** What a pool's Lease object is called. */
final class LeaseName {
  /** A DNS subdomain (RFC 1123), which is what Kubernetes lets an object be called. */
  private static final Pattern SUBDOMAIN =
      Pattern.compile(
          "(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*");

  private LeaseName() {}

  /**
   * The prefix and the pool, where an object may be called that; else (upper case, an underscore, a
   * hyphen at the end) the prefix and the pool's SHA-256.
   */
  static String of(String prefix, String pool) {
    String name = prefix + pool;
    return SUBDOMAIN.matcher(name).matches() ? name : prefix + sha256(pool);
  }

  private static String sha256(String pool) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(pool.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
