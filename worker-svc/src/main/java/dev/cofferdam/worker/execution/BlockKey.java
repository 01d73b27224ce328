package dev.cofferdam.worker.execution;

import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.SecretKey;

/**
 * The AES-256 key of a tenant's KV blocks: random bits that exist in this process alone and are
 * written nowhere. What was sealed under it is lost with it.
 */
public final class BlockKey implements SecretKey {
  private static final long serialVersionUID = 1L;
  private static final int BYTES = 32;

  private final transient byte[] bytes = new byte[BYTES];
  private transient boolean destroyed;

  private BlockKey() {}

  /** A new key. */
  public static BlockKey random(SecureRandom random) {
    BlockKey key = new BlockKey();
    random.nextBytes(key.bytes);
    return key;
  }

  @Override
  public String getAlgorithm() {
    return "AES";
  }

  @Override
  public String getFormat() {
    return "RAW";
  }

  /**
   * A copy of the key.
   *
   * @throws IllegalStateException when it is destroyed
   */
  @Override
  public byte[] getEncoded() {
    if (destroyed) {
      throw new IllegalStateException("the key is destroyed");
    }
    return bytes.clone();
  }

  @Override
  public void destroy() {
    destroyed = true;
    Arrays.fill(bytes, (byte) 0);
  }

  @Override
  public boolean isDestroyed() {
    return destroyed;
  }

  /** Identity: two keys are never the same. */
  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  /** Says nothing. */
  @Override
  public String toString() {
    return "BlockKey";
  }
}
