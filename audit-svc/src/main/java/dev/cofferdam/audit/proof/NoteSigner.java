package dev.cofferdam.audit.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.Signature;
import java.util.Arrays;
import java.util.Base64;

/** Signs notes (C2SP signed-note) with an Ed25519 key. The same text always gets the same note. */
public final class NoteSigner {
  private final PrivateKey key;
  private final NoteVerifier verifier;

  /**
   * @param name the key's name, usually that of the log
   * @param keys an Ed25519 key pair
   */
  public NoteSigner(String name, KeyPair keys) {
    this.key = keys.getPrivate();
    this.verifier = NoteVerifier.of(name, keys.getPublic());
  }

  /** Verifies what this signs. */
  public NoteVerifier verifier() {
    return verifier;
  }

  /**
   * A text with its signature.
   *
   * @throws IllegalArgumentException unless the text ends with a newline
   */
  public String sign(String text) {
    if (!text.endsWith("\n")) {
      throw new IllegalArgumentException("a note's text ends with a newline");
    }
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(key);
      signature.update(text.getBytes(UTF_8));
      byte[] signed = signature.sign();
      byte[] hash = verifier.key().hash();
      byte[] all = Arrays.copyOf(hash, hash.length + signed.length);
      System.arraycopy(signed, 0, all, hash.length, signed.length);
      return text
          + "\n"
          + NoteVerifier.SIGNATURE
          + verifier.name()
          + " "
          + Base64.getEncoder().encodeToString(all)
          + "\n";
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the signing key cannot sign", e);
    }
  }
}
