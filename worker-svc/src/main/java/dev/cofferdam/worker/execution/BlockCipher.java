package dev.cofferdam.worker.execution;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;

/**
 * Seals the parts of KV blocks: AES-256 in counter mode, authenticated by GHASH (NIST SP 800-38D).
 * The nonce is the number of the seal, which its caller never uses twice in a process, and the
 * index of the part; keys do not outlive a process, so that a nonce never repeats under a key after
 * a restart either. A sealed part is its cipher text and, right behind, its tag.
 *
 * <p>Works from array to array and keeps nothing of either. One thread's.
 */
public final class BlockCipher {
  /** Bytes of the authentication tag of a part. */
  public static final int TAG_BYTES = 16;

  private static final int NONCE_BYTES = 12;

  private final Cipher cipher;
  private final int partBytes;

  /**
   * @param partBytes bytes of each part, its tag left aside
   */
  public BlockCipher(int partBytes) {
    try {
      cipher = Cipher.getInstance("AES/GCM/NoPadding");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java runtime has no AES-GCM", e);
    }
    this.partBytes = partBytes;
  }

  /**
   * Encrypts a part.
   *
   * @param from holds the plain text at {@code fromAt}
   * @param to receives cipher text and tag at {@code toAt}; may be the same place
   * @param seal number of the seal
   * @param index of the part among those of the same seal
   */
  public void seal(
      byte[] from, int fromAt, byte[] to, int toAt, BlockKey key, long seal, int index) {
    try {
      start(Cipher.ENCRYPT_MODE, key, seal, index);
      cipher.doFinal(from, fromAt, partBytes, to, toAt);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a KV block cannot be sealed", e);
    }
  }

  /**
   * Decrypts a part.
   *
   * @param from holds cipher text and tag at {@code fromAt}
   * @param to receives the plain text at {@code toAt}; may be the same place; of no meaning where
   *     the seal is broken
   * @return whether the seal was whole: not so with another key, seal, index or tag, with a key
   *     that is destroyed, or where a bit of the cipher text differs
   */
  public boolean open(
      byte[] from, int fromAt, byte[] to, int toAt, BlockKey key, long seal, int index) {
    if (key.isDestroyed()) {
      return false;
    }
    try {
      start(Cipher.DECRYPT_MODE, key, seal, index);
      cipher.doFinal(from, fromAt, partBytes + TAG_BYTES, to, toAt);
      return true;
    } catch (AEADBadTagException e) {
      return false;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a KV block cannot be opened", e);
    }
  }

  private void start(int mode, BlockKey key, long seal, int index) throws GeneralSecurityException {
    byte[] nonce = new byte[NONCE_BYTES];
    ByteBuffer.wrap(nonce).putLong(seal).putInt(index);
    cipher.init(mode, key, new GCMParameterSpec(8 * TAG_BYTES, nonce));
  }
}
