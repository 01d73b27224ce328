package dev.cofferdam.worker.execution;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;

/**
 * Seals the parts of KV blocks: AES-256 in counter mode, authenticated by GHASH (NIST SP 800-38D).
 * The nonce is the number of the seal, which its caller never uses twice in a process, and the
 * index of the part; keys do not outlive a process, so that a nonce never repeats under a key after
 * a restart either.
 *
 * <p>Keeps plain text until {@link #wipe}. One thread's.
 */
public final class BlockCipher {
  /** Bytes of the authentication tag of a part. */
  public static final int TAG_BYTES = 16;

  private static final int NONCE_BYTES = 12;

  private final Cipher cipher;
  private final int partBytes;
  private final byte[] plain;
  private final byte[] sealed;
  private final MemorySegment plainSegment;
  private final MemorySegment sealedSegment;

  /**
   * @param partBytes bytes of each part
   */
  public BlockCipher(int partBytes) {
    try {
      cipher = Cipher.getInstance("AES/GCM/NoPadding");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java runtime has no AES-GCM", e);
    }
    this.partBytes = partBytes;
    plain = new byte[partBytes];
    sealed = new byte[partBytes + TAG_BYTES];
    plainSegment = MemorySegment.ofArray(plain);
    sealedSegment = MemorySegment.ofArray(sealed);
  }

  /**
   * Encrypts a part.
   *
   * @param from plain text
   * @param to receives the cipher text; may be {@code from}
   * @param seal number of the seal
   * @param index of the part among those of the same seal
   * @param tags receives the tag at {@code tagAt}
   */
  public void seal(
      MemorySegment from,
      MemorySegment to,
      BlockKey key,
      long seal,
      int index,
      byte[] tags,
      int tagAt) {
    try {
      plainSegment.copyFrom(from);
      start(Cipher.ENCRYPT_MODE, key, seal, index);
      cipher.doFinal(plain, 0, partBytes, sealed, 0);
      MemorySegment.copy(sealedSegment, 0, to, 0, partBytes);
      System.arraycopy(sealed, partBytes, tags, tagAt, TAG_BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a KV block cannot be sealed", e);
    }
  }

  /**
   * Decrypts a part.
   *
   * @param from cipher text
   * @param to receives the plain text; may be {@code from}; untouched where the seal is broken
   * @return whether the seal was whole: not so with another key, seal, index or tag, with a key
   *     that is destroyed, or where a bit of the cipher text differs
   */
  public boolean open(
      MemorySegment from,
      MemorySegment to,
      BlockKey key,
      long seal,
      int index,
      byte[] tags,
      int tagAt) {
    if (key.isDestroyed()) {
      return false;
    }
    try {
      MemorySegment.copy(from, 0, sealedSegment, 0, partBytes);
      System.arraycopy(tags, tagAt, sealed, partBytes, TAG_BYTES);
      start(Cipher.DECRYPT_MODE, key, seal, index);
      cipher.doFinal(sealed, 0, partBytes + TAG_BYTES, plain, 0);
      to.copyFrom(plainSegment);
      return true;
    } catch (AEADBadTagException e) {
      return false;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a KV block cannot be opened", e);
    }
  }

  /** Forgets the plain text of the last part. To be called after each group of parts. */
  public void wipe() {
    Arrays.fill(plain, (byte) 0);
  }

  private void start(int mode, BlockKey key, long seal, int index) throws GeneralSecurityException {
    byte[] nonce = new byte[NONCE_BYTES];
    ByteBuffer.wrap(nonce).putLong(seal).putInt(index);
    cipher.init(mode, key, new GCMParameterSpec(8 * TAG_BYTES, nonce));
  }
}
