package dev.cofferdam.local.demo;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/**
 * A signed checkpoint of a log (C2SP tlog-checkpoint in a signed note, Ed25519).
 *
 * @param origin name of the log
 * @param treeSize number of leaves
 * @param rootHash root of the tree
 */
public record CheckpointNote(String origin, long treeSize, byte[] rootHash) {
  private static final byte[] ED25519_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");
  private static final int ED25519 = 1;

  /**
   * Reads a note and verifies its signature.
   *
   * @param note the note
   * @param verifierKey name+hash+key, as the log publishes it
   * @throws IllegalArgumentException where the note is no checkpoint, or no signature of that key
   *     holds
   */
  public static CheckpointNote open(String note, String verifierKey) {
    int split = note.lastIndexOf("\n\n");
    if (split < 0) {
      throw new IllegalArgumentException("not a signed note");
    }
    String text = note.substring(0, split + 1);
    if (!isSigned(text, note.substring(split + 2), verifierKey)) {
      throw new IllegalArgumentException("the checkpoint's signature does not hold");
    }
    List<String> lines = text.lines().toList();
    if (lines.size() < 3) {
      throw new IllegalArgumentException("not a checkpoint");
    }
    return new CheckpointNote(
        lines.get(0), Long.parseLong(lines.get(1)), Base64.getDecoder().decode(lines.get(2)));
  }

  private static boolean isSigned(String text, String signatures, String verifierKey) {
    String[] parts = verifierKey.strip().split("\\+", 3);
    if (parts.length != 3) {
      throw new IllegalArgumentException("not a verifier key");
    }
    byte[] typed = Base64.getDecoder().decode(parts[2]);
    byte[] hash = HexFormat.of().parseHex(parts[1]);
    try {
      if (typed[0] != ED25519 || !Arrays.equals(hash, keyHash(parts[0], typed))) {
        throw new IllegalArgumentException("not an Ed25519 verifier key");
      }
      PublicKey key = publicKey(Arrays.copyOfRange(typed, 1, typed.length));
      for (String line : signatures.lines().toList()) {
        String[] words = line.split(" ");
        if (words.length != 3 || !words[1].equals(parts[0])) {
          continue;
        }
        byte[] value = Base64.getDecoder().decode(words[2]);
        if (value.length > 4
            && Arrays.equals(Arrays.copyOf(value, 4), hash)
            && verifies(key, text, Arrays.copyOfRange(value, 4, value.length))) {
          return true;
        }
      }
      return false;
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("the verifier key cannot be used: " + e.getMessage(), e);
    }
  }

  private static byte[] keyHash(String name, byte[] typed) throws GeneralSecurityException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    digest.update((name + "\n").getBytes(StandardCharsets.UTF_8));
    return Arrays.copyOf(digest.digest(typed), 4);
  }

  private static PublicKey publicKey(byte[] raw) throws GeneralSecurityException {
    byte[] der = Arrays.copyOf(ED25519_PREFIX, ED25519_PREFIX.length + raw.length);
    System.arraycopy(raw, 0, der, ED25519_PREFIX.length, raw.length);
    return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(der));
  }

  private static boolean verifies(PublicKey key, String text, byte[] signature)
      throws GeneralSecurityException {
    Signature verifier = Signature.getInstance("Ed25519");
    verifier.initVerify(key);
    verifier.update(text.getBytes(StandardCharsets.UTF_8));
    return verifier.verify(signature);
  }
}
