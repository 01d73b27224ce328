package dev.cofferdam.audit.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Verifies a witness' cosignatures of checkpoints (C2SP tlog-cosignature, Ed25519): that the
 * witness saw the log grow to this checkpoint and nothing of it change.
 *
 * @param name the witness' name
 * @param key the public key's 32 bytes
 */
@SuppressWarnings("ArrayRecordComponent")
public record CosignerKey(String name, byte[] key) {
  /** Type of Ed25519 cosignatures. */
  static final byte TYPE = 4;

  private static final int SIGNED_BYTES = NoteVerifier.KEY_HASH_BYTES + Long.BYTES + 64;

  /**
   * Reads a verifier key: {@code <name>+<hash>+<key>}.
   *
   * @throws IllegalArgumentException where it is none of a cosigner, or its hash does not hold
   */
  public static CosignerKey parse(String text) {
    String[] parts = text.split("\\+", 3);
    if (parts.length != 3) {
      throw new IllegalArgumentException("a witness' key is name+hash+key");
    }
    byte[] typed = Base64.getDecoder().decode(parts[2]);
    if (typed.length != 1 + NoteVerifier.KEY_BYTES || typed[0] != TYPE) {
      throw new IllegalArgumentException("not an Ed25519 cosigner's key");
    }
    byte[] key = Arrays.copyOfRange(typed, 1, typed.length);
    if (!HexFormat.of().formatHex(NoteVerifier.hash(parts[0], TYPE, key)).equals(parts[1])) {
      throw new IllegalArgumentException("the witness' key does not have its hash");
    }
    return new CosignerKey(parts[0], key);
  }

  /** The verifier key as text. */
  public String text() {
    byte[] typed = ByteBuffer.allocate(1 + key.length).put(TYPE).put(key).array();
    return name
        + "+"
        + HexFormat.of().formatHex(NoteVerifier.hash(name, TYPE, key))
        + "+"
        + Base64.getEncoder().encodeToString(typed);
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
            .put(NoteVerifier.hash(name, TYPE, key))
            .putLong(epochSeconds)
            .put(signature)
            .array();
    return NoteVerifier.SIGNATURE + name + " " + Base64.getEncoder().encodeToString(all) + "\n";
  }

  /**
   * When the cosigner signed a checkpoint, by a line; empty where the line is no such signature.
   */
  public OptionalLong time(String checkpointText, String line) {
    String start = NoteVerifier.SIGNATURE + name + " ";
    if (!line.startsWith(start)) {
      return OptionalLong.empty();
    }
    try {
      String encoded = line.substring(start.length()).stripTrailing();
      ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(encoded));
      byte[] hash = new byte[NoteVerifier.KEY_HASH_BYTES];
      if (bytes.remaining() != SIGNED_BYTES) {
        return OptionalLong.empty();
      }
      bytes.get(hash);
      long seconds = bytes.getLong();
      byte[] signature = new byte[bytes.remaining()];
      bytes.get(signature);
      boolean holds =
          Arrays.equals(hash, NoteVerifier.hash(name, TYPE, key))
              && seconds >= 0
              && NoteVerifier.verifies(key, message(seconds, checkpointText), signature);
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
  public boolean equals(Object other) {
    return other instanceof CosignerKey that
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
