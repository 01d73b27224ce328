package dev.cofferdam.audit.proof;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A hash of a leaf, of a node or of a tree: SHA-256 with a prefix that keeps leaves and nodes apart
 * (RFC 6962, 2.1).
 */
public final class TreeHash {
  /** Length in bytes. */
  public static final int BYTES = 32;

  private static final byte LEAF_PREFIX = 0;
  private static final byte NODE_PREFIX = 1;

  /** Of the thread: looking a digest up costs as much as hashing a node. */
  private static final ThreadLocal<MessageDigest> DIGEST =
      ThreadLocal.withInitial(TreeHash::newSha256);

  /** Root of the tree without leaves: the hash of nothing. */
  public static final TreeHash EMPTY = new TreeHash(sha256().digest());

  private final byte[] bytes;

  private TreeHash(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * A hash from its bytes.
   *
   * @throws IllegalArgumentException unless there are {@link #BYTES}
   */
  public static TreeHash of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("hash of " + bytes.length + " bytes (expected: 32)");
    }
    return new TreeHash(bytes.clone());
  }

  /** Hash of a leaf's bytes. */
  public static TreeHash leaf(byte[] leaf) {
    MessageDigest digest = sha256();
    digest.update(LEAF_PREFIX);
    return new TreeHash(digest.digest(leaf));
  }

  /** Hash of a node from those of its children. */
  public static TreeHash node(TreeHash left, TreeHash right) {
    MessageDigest digest = sha256();
    digest.update(NODE_PREFIX);
    digest.update(left.bytes);
    return new TreeHash(digest.digest(right.bytes));
  }

  private static MessageDigest sha256() {
    return DIGEST.get();
  }

  private static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("the JDK has no SHA-256", e);
    }
  }

  /** Its first eight bytes, by which different hashes differ but for one in 2^64. */
  public long prefix() {
    return ByteBuffer.wrap(bytes).getLong();
  }

  /** A copy of the bytes. */
  public byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TreeHash that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** Hexadecimal digits. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(bytes);
  }
}
