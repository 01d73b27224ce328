package dev.cofferdam.audit.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * An Ed25519 public key with a name and a type of signature (C2SP signed-note), written {@code
 * <name>+<hash>+<type and key>}.
 *
 * @param name without spaces and plus
 * @param type of its signatures
 * @param bytes 32 bytes
 */
public record VerifierKey(String name, byte type, byte[] bytes) {
  /** Length of its hash. */
  static final int HASH_BYTES = 4;

  private static final int KEY_BYTES = 32;

  /** What an X.509 key of Ed25519 has in front of its bytes (RFC 8410). */
  private static final byte[] X509 = HexFormat.of().parseHex("302a300506032b6570032100");

  public VerifierKey {
    if (name.isEmpty() || name.chars().anyMatch(c -> c <= ' ' || c == '+')) {
      throw new IllegalArgumentException("a key's name has no spaces and no plus");
    }
    if (bytes.length != KEY_BYTES) {
      throw new IllegalArgumentException("an Ed25519 key has 32 bytes");
    }
    bytes = bytes.clone();
  }

  /**
   * Reads a key of a type.
   *
   * @throws IllegalArgumentException where it is none, or its hash is not that of its key
   */
  static VerifierKey parse(String text, byte type) {
    String[] parts = text.split("\\+", 3);
    if (parts.length != 3) {
      throw new IllegalArgumentException("a verifier key is name+hash+key");
    }
    byte[] typed = Base64.getDecoder().decode(parts[2]);
    if (typed.length != 1 + KEY_BYTES || typed[0] != type) {
      throw new IllegalArgumentException("not an Ed25519 key of type " + type);
    }
    VerifierKey key = new VerifierKey(parts[0], type, Arrays.copyOfRange(typed, 1, typed.length));
    if (!HexFormat.of().formatHex(key.hash()).equals(parts[1])) {
      throw new IllegalArgumentException("the verifier key's hash is not that of its key");
    }
    return key;
  }

  /** A key of the JDK. */
  static VerifierKey of(String name, byte type, PublicKey key) {
    byte[] encoded = key.getEncoded();
    return new VerifierKey(
        name, type, Arrays.copyOfRange(encoded, encoded.length - KEY_BYTES, encoded.length));
  }

  /** The key as text. */
  String text() {
    byte[] typed = ByteBuffer.allocate(1 + KEY_BYTES).put(type).put(bytes).array();
    return name
        + "+"
        + HexFormat.of().formatHex(hash())
        + "+"
        + Base64.getEncoder().encodeToString(typed);
  }

  /** Its id in signature lines: the first bytes of SHA-256 over name, newline, type and key. */
  byte[] hash() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(name.getBytes(UTF_8));
      digest.update((byte) '\n');
      digest.update(type);
      return Arrays.copyOf(digest.digest(bytes), HASH_BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has no SHA-256", e);
    }
  }

  /** Whether bytes are the key's signature of a message. */
  boolean verifies(byte[] message, byte[] signed) {
    try {
      byte[] encoded = Arrays.copyOf(X509, X509.length + KEY_BYTES);
      System.arraycopy(bytes, 0, encoded, X509.length, KEY_BYTES);
      Signature signature = Signature.getInstance("Ed25519");
      signature.initVerify(
          KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded)));
      signature.update(message);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  @Override
  public byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof VerifierKey that
        && name.equals(that.name)
        && type == that.type
        && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return text();
  }
}
