package dev.cofferdam.audit.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Verifies signed notes (C2SP signed-note) of one Ed25519 key.
 *
 * @param name the key's name
 * @param key the public key's 32 bytes
 */
public record NoteVerifier(String name, byte[] key) {
  /** Signature type of plain Ed25519. */
  static final byte ED25519 = 1;

  /** A signature line begins with an em dash and a space. */
  static final String SIGNATURE = "\u2014 ";

  static final int KEY_BYTES = 32;
  static final int KEY_HASH_BYTES = 4;

  /** What an X.509 key of Ed25519 has in front of its bytes (RFC 8410). */
  private static final byte[] X509 = HexFormat.of().parseHex("302a300506032b6570032100");

  public NoteVerifier {
    if (name.isEmpty() || name.chars().anyMatch(c -> c <= ' ' || c == '+')) {
      throw new IllegalArgumentException("a key's name has no spaces and no plus");
    }
    if (key.length != KEY_BYTES) {
      throw new IllegalArgumentException("an Ed25519 key has 32 bytes");
    }
    key = key.clone();
  }

  /**
   * Reads a verifier key: {@code <name>+<hash>+<key>}.
   *
   * @throws IllegalArgumentException where it is none, or its hash is not that of its key
   */
  public static NoteVerifier parse(String text) {
    String[] parts = text.split("\\+", 3);
    if (parts.length != 3) {
      throw new IllegalArgumentException("a verifier key is name+hash+key");
    }
    byte[] typed = Base64.getDecoder().decode(parts[2]);
    if (typed.length != 1 + KEY_BYTES || typed[0] != ED25519) {
      throw new IllegalArgumentException("not an Ed25519 verifier key");
    }
    NoteVerifier verifier = new NoteVerifier(parts[0], Arrays.copyOfRange(typed, 1, typed.length));
    if (!verifier.hashText().equals(parts[1])) {
      throw new IllegalArgumentException("the verifier key's hash is not that of its key");
    }
    return verifier;
  }

  /** The verifier key as text. */
  public String text() {
    byte[] typed = new byte[1 + KEY_BYTES];
    typed[0] = ED25519;
    System.arraycopy(key, 0, typed, 1, KEY_BYTES);
    return name + "+" + hashText() + "+" + Base64.getEncoder().encodeToString(typed);
  }

  private String hashText() {
    return HexFormat.of().formatHex(hash());
  }

  /** The first bytes of SHA-256 over name, newline, type and key. */
  byte[] hash() {
    return hash(name, ED25519, key);
  }

  /** The id of a key of a name and a type of signature. */
  static byte[] hash(String name, byte type, byte[] key) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(name.getBytes(UTF_8));
      digest.update((byte) '\n');
      digest.update(type);
      return Arrays.copyOf(digest.digest(key), KEY_HASH_BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has no SHA-256", e);
    }
  }

  /** The text of a note, whoever signed it; empty where it is none. */
  static Optional<String> text(String note) {
    int end = note.lastIndexOf("\n\n");
    return end < 0 ? Optional.empty() : Optional.of(note.substring(0, end + 1));
  }

  /** The text of a note that carries a valid signature of this key; empty for any other. */
  public Optional<String> open(String note) {
    int end = note.lastIndexOf("\n\n");
    if (end < 0) {
      return Optional.empty();
    }
    String text = note.substring(0, end + 1);
    for (String line : note.substring(end + 2).split("\n", -1)) {
      if (line.startsWith(SIGNATURE + name + " ")
          && holds(text, line.substring(SIGNATURE.length() + name.length() + 1))) {
        return Optional.of(text);
      }
    }
    return Optional.empty();
  }

  private boolean holds(String text, String encoded) {
    try {
      byte[] bytes = Base64.getDecoder().decode(encoded);
      // Base64 has bits that mean nothing; a note with others than zero there is another note.
      if (bytes.length <= KEY_HASH_BYTES
          || !Base64.getEncoder().encodeToString(bytes).equals(encoded)
          || !Arrays.equals(Arrays.copyOf(bytes, KEY_HASH_BYTES), hash())) {
        return false;
      }
      return verifies(
          key, text.getBytes(UTF_8), Arrays.copyOfRange(bytes, KEY_HASH_BYTES, bytes.length));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Whether bytes are a key's signature of a message. */
  static boolean verifies(byte[] key, byte[] message, byte[] signed) {
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initVerify(publicKey(key));
      signature.update(message);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static PublicKey publicKey(byte[] key) throws GeneralSecurityException {
    byte[] encoded = Arrays.copyOf(X509, X509.length + KEY_BYTES);
    System.arraycopy(key, 0, encoded, X509.length, KEY_BYTES);
    return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
  }

  /** The 32 bytes of a public key of the JDK. */
  static byte[] raw(PublicKey key) {
    byte[] encoded = key.getEncoded();
    return Arrays.copyOfRange(encoded, encoded.length - KEY_BYTES, encoded.length);
  }

  @Override
  public byte[] key() {
    return key.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NoteVerifier that
        && name.equals(that.name)
        && Arrays.equals(key, that.key);
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + Arrays.hashCode(key);
  }

  @Override
  public String toString() {
    return text();
  }
}
