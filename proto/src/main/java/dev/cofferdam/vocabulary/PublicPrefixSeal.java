package dev.cofferdam.vocabulary;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;

/**
 * An operator's word that the beginning of a prompt is public: an Ed25519 signature (RFC 8032) over
 * "cofferdam/public-prefix/v1" ‖ length of the model id ‖ model id ‖ number of tokens ‖ tokens, the
 * numbers as 32-bit little-endian.
 */
public final class PublicPrefixSeal {
  private static final byte[] LABEL = "cofferdam/public-prefix/v1".getBytes(StandardCharsets.UTF_8);

  private PublicPrefixSeal() {}

  /**
   * Signs a beginning.
   *
   * @throws GeneralSecurityException when the key is not an Ed25519 key
   */
  public static byte[] sign(PrivateKey key, String model, int[] tokens)
      throws GeneralSecurityException {
    Signature signer = Signature.getInstance("Ed25519");
    signer.initSign(key);
    signer.update(message(model, tokens));
    return signer.sign();
  }

  /** Whether a signature is one of these tokens by the key's owner. */
  public static boolean holds(PublicKey key, String model, int[] tokens, byte[] signature) {
    try {
      Signature verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(key);
      verifier.update(message(model, tokens));
      return verifier.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static byte[] message(String model, int[] tokens) {
    byte[] id = model.getBytes(StandardCharsets.UTF_8);
    ByteBuffer message =
        ByteBuffer.allocate(LABEL.length + 8 + id.length + 4 * tokens.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(LABEL)
            .putInt(id.length)
            .put(id)
            .putInt(tokens.length);
    for (int token : tokens) {
      message.putInt(token);
    }
    return message.array();
  }
}
