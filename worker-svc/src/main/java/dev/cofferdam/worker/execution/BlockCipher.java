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
 * <p>Works from array to array and keeps nothing of either. One thread's. This one is the JDK's.
 */
public class BlockCipher {
  /** Bytes of the authentication tag of a part. */
  public static final int TAG_BYTES = 16;

  private static final int NONCE_BYTES = 12;
  private static final int LINE_BYTES = 64;

  private final Cipher cipher;
  private final int partBytes;

  /** Of cipher text; written so that the reading is not left out. */
  @SuppressWarnings("unused")
  private int touched;

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
  public final boolean open(
      byte[] from, int fromAt, byte[] to, int toAt, BlockKey key, long seal, int index) {
    return open(from, fromAt, to, toAt, key, seal, index, from, fromAt);
  }

  /**
   * The same, where it is known which part is the next.
   *
   * @param next holds it at {@code nextAt}; it may be asked for from memory meanwhile
   */
  public boolean open(
      byte[] from,
      int fromAt,
      byte[] to,
      int toAt,
      BlockKey key,
      long seal,
      int index,
      byte[] next,
      int nextAt) {
    if (key.isDestroyed()) {
      return false;
    }
    touched = touch(from, fromAt, partBytes);
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

  /**
   * Asks for all lines of a part at once: decryption alone would ask for few of them ahead, and
   * wait for memory in between.
   */
  private static int touch(byte[] from, int at, int bytes) {
    int touched = 0;
    for (int i = at; i < at + bytes; i += LINE_BYTES) {
      touched |= from[i];
    }
    return touched;
  }

  /** Keeps nothing of the keys that it used, beyond what the JDK's cipher keeps of the last. */
  public void forget() {}

  private void start(int mode, BlockKey key, long seal, int index) throws GeneralSecurityException {
    byte[] nonce = new byte[NONCE_BYTES];
    ByteBuffer.wrap(nonce).putLong(seal).putInt(index);
    cipher.init(mode, key, new GCMParameterSpec(8 * TAG_BYTES, nonce));
  }
}
