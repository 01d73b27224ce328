package dev.cofferdam.local.demo;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/** Merkle trees of RFC 6962, as a client that trusts nothing but a root checks them. */
public final class InclusionProof {
  private InclusionProof() {}

  /** Hash of a leaf (section 2.1). */
  public static byte[] leafHash(byte[] leaf) {
    MessageDigest digest = sha256();
    digest.update((byte) 0);
    return digest.digest(leaf);
  }

  private static byte[] nodeHash(byte[] left, byte[] right) {
    MessageDigest digest = sha256();
    digest.update((byte) 1);
    digest.update(left);
    return digest.digest(right);
  }

  /**
   * The root that a proof leads to; equal to the tree's root if the leaf is in it (RFC 9162,
   * section 2.1.3.2).
   *
   * @param leafHash hash of the leaf
   * @param index index of the leaf
   * @param treeSize number of leaves
   * @param path the audit path, leaf's sibling first
   * @throws IllegalArgumentException for a path that does not fit index and size
   */
  public static byte[] root(byte[] leafHash, long index, long treeSize, List<byte[]> path) {
    if (index < 0 || index >= treeSize) {
      throw new IllegalArgumentException("leaf " + index + " is not in a tree of " + treeSize);
    }
    long node = index;
    long last = treeSize - 1;
    byte[] hash = leafHash;
    for (byte[] sibling : path) {
      if (last == 0) {
        throw new IllegalArgumentException("the audit path is too long");
      }
      if ((node & 1) == 1 || node == last) {
        hash = nodeHash(sibling, hash);
        while ((node & 1) == 0 && node != 0) {
          node >>= 1;
          last >>= 1;
        }
      } else {
        hash = nodeHash(hash, sibling);
      }
      node >>= 1;
      last >>= 1;
    }
    if (last != 0) {
      throw new IllegalArgumentException("the audit path is too short");
    }
    return hash;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
