package dev.cofferdam.audit.sealing;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.random.RandomGenerator;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/** AES-256-GCM with random 96-bit nonces and 128-bit tags (NIST SP 800-38D). */
public final class AesGcm {
  /** Length of a nonce in bytes. */
  public static final int NONCE_BYTES = 12;

  private static final int TAG_BITS = 128;
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Of the thread: looking a cipher up costs as much as sealing a record. */
  private static final ThreadLocal<Cipher> CIPHER = ThreadLocal.withInitial(AesGcm::newCipher);

  private AesGcm() {}

  /** The generator for keys and nonces. */
  public static RandomGenerator random() {
    return RANDOM;
  }

  /** A fresh nonce. */
  public static byte[] nonce() {
    byte[] nonce = new byte[NONCE_BYTES];
    RANDOM.nextBytes(nonce);
    return nonce;
  }

  /** Ciphertext and tag. */
  public static byte[] encrypt(SecretKey key, byte[] nonce, byte[] associated, byte[] plain) {
    try {
      return cipher(Cipher.ENCRYPT_MODE, key, nonce, associated).doFinal(plain);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK cannot encrypt with AES-GCM", e);
    }
  }

  /**
   * The plaintext.
   *
   * @throws UnsealableException where the tag does not hold
   */
  public static byte[] decrypt(SecretKey key, byte[] nonce, byte[] associated, byte[] sealed) {
    try {
      return cipher(Cipher.DECRYPT_MODE, key, nonce, associated).doFinal(sealed);
    } catch (AEADBadTagException e) {
      throw new UnsealableException("the tag does not hold");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK cannot decrypt with AES-GCM", e);
    }
  }

  private static Cipher newCipher() {
    try {
      return Cipher.getInstance("AES/GCM/NoPadding");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has no AES-GCM", e);
    }
  }

  private static Cipher cipher(int mode, SecretKey key, byte[] nonce, byte[] associated)
      throws GeneralSecurityException {
    Cipher cipher = CIPHER.get();
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(associated);
    return cipher;
  }
}
