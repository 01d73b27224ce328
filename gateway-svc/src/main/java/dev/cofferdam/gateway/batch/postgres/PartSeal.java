package dev.cofferdam.gateway.batch.postgres;

import dev.cofferdam.vocabulary.TenantId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals texts with AES-256-GCM under a key of the tenant's and the file's, which is derived from
 * the gateways' secret (HMAC-SHA-256 as a key derivation, NIST SP 800-108). The part's number is
 * associated data: a text opens in its place and nowhere else. Nonces are random; a file has far
 * fewer parts than would make one repeat.
 */
final class PartSeal {
  /** Fewest bytes of the secret. */
  static final int SECRET_BYTES_MIN = 32;

  /** The number of what is no part but stands beside them, such as a file's name. */
  static final int BESIDE = -1;

  private static final String HMAC = "HmacSHA256";
  private static final String PURPOSE = "cofferdam/batches/v1";
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final SecretKeySpec secret;
  private final SecureRandom random = new SecureRandom();

  /**
   * @param secret random bytes that all gateways share
   * @throws IllegalArgumentException where they are too few
   */
  PartSeal(byte[] secret) {
    if (secret.length < SECRET_BYTES_MIN) {
      throw new IllegalArgumentException(
          "the secret of batches has "
              + secret.length
              + " bytes (expected: at least "
              + SECRET_BYTES_MIN
              + ")");
    }
    this.secret = new SecretKeySpec(secret, HMAC);
  }

  byte[] seal(TenantId tenant, String file, int part, String text) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] sealed =
          cipher(Cipher.ENCRYPT_MODE, tenant, file, part, nonce)
              .doFinal(text.getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.allocate(NONCE_BYTES + sealed.length).put(nonce).put(sealed).array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK cannot seal", e);
    }
  }

  /**
   * Opens what was sealed for this place.
   *
   * @throws IllegalStateException where it was not; says nothing of it
   */
  String open(TenantId tenant, String file, int part, byte[] sealed) {
    try {
      byte[] nonce = Arrays.copyOf(sealed, NONCE_BYTES);
      byte[] text =
          cipher(Cipher.DECRYPT_MODE, tenant, file, part, nonce)
              .doFinal(sealed, NONCE_BYTES, Math.max(0, sealed.length - NONCE_BYTES));
      return new String(text, StandardCharsets.UTF_8);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IllegalStateException("a stored text does not open");
    }
  }

  private Cipher cipher(int mode, TenantId tenant, String file, int part, byte[] nonce)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    byte[] ofTenant = mac(mac(secret.getEncoded(), PURPOSE), tenant.value());
    cipher.init(
        mode, new SecretKeySpec(mac(ofTenant, file), "AES"), new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(ByteBuffer.allocate(Integer.BYTES).putInt(part).array());
    return cipher;
  }

  private static byte[] mac(byte[] key, String text) throws GeneralSecurityException {
    Mac mac = Mac.getInstance(HMAC);
    mac.init(new SecretKeySpec(key, HMAC));
    return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
  }
}
