package dev.cofferdam.gateway.identity;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/**
 * API keys: {@code cdm_<key id>_<secret>}. The key id (12 of {@code a-z2-7}, 60 bits) is public:
 * handle of look-ups and of audit records. The secret is 256 random bits in URL-safe base64 (43
 * characters). The prefix lets scanners of repositories find leaked keys.
 *
 * <p>Only the SHA-256 of the whole key is stored; with 256 random bits there is nothing that a slow
 * hash would protect.
 */
public final class ApiKeys {
  /** What each key starts with. */
  public static final String PREFIX = "cdm_";

  private static final Pattern KEY_ID = Pattern.compile("[a-z2-7]{12}");
  private static final Pattern FORM = Pattern.compile("cdm_([a-z2-7]{12})_[A-Za-z0-9_-]{43}");
  private static final String BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
  private static final int KEY_ID_LENGTH = 12;
  private static final int SECRET_BYTES = 32;

  private ApiKeys() {}

  /**
   * A new key.
   *
   * @param keyId the public part
   * @param secret the whole key; shown once, never stored
   */
  public record Issued(String keyId, String secret) {
    @Override
    public String toString() {
      return "Issued[" + keyId + "]";
    }
  }

  /**
   * Makes a key.
   *
   * @param random must be cryptographically strong
   */
  public static Issued issue(RandomGenerator random) {
    StringBuilder keyId = new StringBuilder(KEY_ID_LENGTH);
    for (int i = 0; i < KEY_ID_LENGTH; i++) {
      keyId.append(BASE32.charAt(random.nextInt(BASE32.length())));
    }
    byte[] secret = new byte[SECRET_BYTES];
    random.nextBytes(secret);
    String text = Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
    return new Issued(keyId.toString(), PREFIX + keyId + "_" + text);
  }

  /** Whether a text claims to be a key by its prefix. */
  public static boolean looksLikeKey(String text) {
    return text.startsWith(PREFIX);
  }

  /** The public part of a key; empty where the text has not the form of a key. */
  public static Optional<String> keyId(String key) {
    return FORM.matcher(key).matches()
        ? Optional.of(key.substring(PREFIX.length(), PREFIX.length() + KEY_ID_LENGTH))
        : Optional.empty();
  }

  /** Whether a text has the form of a key's public part. */
  public static boolean isKeyId(String text) {
    return KEY_ID.matcher(text).matches();
  }

  /** What is stored of a key. */
  public static byte[] sha256(String key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
