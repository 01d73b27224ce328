package dev.cofferdam.audit.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.PublicKey;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/**
 * Verifies signed notes (C2SP signed-note) of one Ed25519 key.
 *
 * @param key the key
 */
public record NoteVerifier(VerifierKey key) {
  /** Signature type of plain Ed25519. */
  static final byte ED25519 = 1;

  /** A signature line begins with an em dash and a space. */
  static final String SIGNATURE = "\u2014 ";

  /** The verifier of a key of the JDK. */
  static NoteVerifier of(String name, PublicKey key) {
    return new NoteVerifier(VerifierKey.of(name, ED25519, key));
  }

  /**
   * Reads a verifier key: {@code <name>+<hash>+<key>}.
   *
   * @throws IllegalArgumentException where it is none, or its hash is not that of its key
   */
  public static NoteVerifier parse(String text) {
    return new NoteVerifier(VerifierKey.parse(text, ED25519));
  }

  /** The key's name. */
  public String name() {
    return key.name();
  }

  /** The verifier key as text. */
  public String text() {
    return key.text();
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
      if (line.startsWith(SIGNATURE + name() + " ")
          && holds(text, line.substring(SIGNATURE.length() + name().length() + 1))) {
        return Optional.of(text);
      }
    }
    return Optional.empty();
  }

  private boolean holds(String text, String encoded) {
    try {
      byte[] bytes = Base64.getDecoder().decode(encoded);
      // Base64 has bits that mean nothing; a note with others than zero there is another note.
      if (bytes.length <= VerifierKey.HASH_BYTES
          || !Base64.getEncoder().encodeToString(bytes).equals(encoded)
          || !Arrays.equals(Arrays.copyOf(bytes, VerifierKey.HASH_BYTES), key.hash())) {
        return false;
      }
      return key.verifies(
          text.getBytes(UTF_8), Arrays.copyOfRange(bytes, VerifierKey.HASH_BYTES, bytes.length));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  @Override
  public String toString() {
    return text();
  }
}
