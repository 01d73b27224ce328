package dev.cofferdam.audit.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Verifies a witness' cosignatures of checkpoints (C2SP tlog-cosignature, Ed25519): that the
 * witness saw the log grow to this checkpoint and nothing of it change.
 *
 * @param key the witness' key
 */
public record CosignerKey(VerifierKey key) {
  /** Type of Ed25519 cosignatures. */
  static final byte TYPE = 4;

  private static final int SIGNED_BYTES = VerifierKey.HASH_BYTES + Long.BYTES + 64;

  /**
   * The key of a witness.
   *
   * @param key the public key's 32 bytes
   */
  public static CosignerKey of(String name, byte[] key) {
    return new CosignerKey(new VerifierKey(name, TYPE, key));
  }

  /**
   * Reads a verifier key: {@code <name>+<hash>+<key>}.
   *
   * @throws IllegalArgumentException where it is none of a cosigner, or its hash does not hold
   */
  public static CosignerKey parse(String text) {
    return new CosignerKey(VerifierKey.parse(text, TYPE));
  }

  /** The witness' name. */
  public String name() {
    return key.name();
  }

  /** The verifier key as text. */
  public String text() {
    return key.text();
  }

  /** The message that a cosigner signs. */
  public static byte[] message(long epochSeconds, String checkpointText) {
    return ("cosignature/v1\ntime " + epochSeconds + "\n" + checkpointText).getBytes(UTF_8);
  }

  /**
   * The signature line of a cosignature.
   *
   * @param signature 64 bytes over {@link #message}
   */
  public String line(long epochSeconds, byte[] signature) {
    byte[] all =
        ByteBuffer.allocate(SIGNED_BYTES)
            .put(key.hash())
            .putLong(epochSeconds)
            .put(signature)
            .array();
    return NoteVerifier.SIGNATURE + name() + " " + Base64.getEncoder().encodeToString(all) + "\n";
  }

  /**
   * When the cosigner signed a checkpoint, by a line; empty where the line is no such signature.
   */
  public OptionalLong time(String checkpointText, String line) {
    String start = NoteVerifier.SIGNATURE + name() + " ";
    if (!line.startsWith(start)) {
      return OptionalLong.empty();
    }
    try {
      String encoded = line.substring(start.length()).stripTrailing();
      ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(encoded));
      byte[] hash = new byte[VerifierKey.HASH_BYTES];
      if (bytes.remaining() != SIGNED_BYTES) {
        return OptionalLong.empty();
      }
      bytes.get(hash);
      long seconds = bytes.getLong();
      byte[] signature = new byte[bytes.remaining()];
      bytes.get(signature);
      boolean holds =
          Arrays.equals(hash, key.hash())
              && seconds >= 0
              && key.verifies(message(seconds, checkpointText), signature);
      return holds ? OptionalLong.of(seconds) : OptionalLong.empty();
    } catch (IllegalArgumentException e) {
      return OptionalLong.empty();
    }
  }

  /** When the cosigner signed a note, where one of its lines is its cosignature. */
  public OptionalLong cosigned(String note) {
    Optional<String> text = NoteVerifier.text(note);
    if (text.isEmpty()) {
      return OptionalLong.empty();
    }
    return note.substring(text.get().length() + 1)
        .lines()
        .map(line -> time(text.get(), line))
        .filter(OptionalLong::isPresent)
        .findFirst()
        .orElse(OptionalLong.empty());
  }

  @Override
  public String toString() {
    return text();
  }
}
