package dev.cofferdam.audit.proof;

import java.util.List;

/**
 * Checks proofs. Needs nothing but the proof and the roots, and so runs anywhere (algorithms of RFC
 * 9162, 2.1.3.2 and 2.1.4.2, which are those of RFC 6962's trees).
 */
public final class ProofCheck {
  private ProofCheck() {}

  /** Whether a path proves that a leaf hash is at an index of the tree with a size and root. */
  public static boolean inclusion(
      TreeHash leaf, long index, long size, List<TreeHash> path, TreeHash root) {
    if (index < 0 || index >= size) {
      return false;
    }
    long fn = index;
    long sn = size - 1;
    TreeHash hash = leaf;
    for (TreeHash sibling : path) {
      if (sn == 0) {
        return false;
      }
      if ((fn & 1) == 1 || fn == sn) {
        hash = TreeHash.node(sibling, hash);
        while ((fn & 1) == 0 && fn != 0) {
          fn >>= 1;
          sn >>= 1;
        }
      } else {
        hash = TreeHash.node(hash, sibling);
      }
      fn >>= 1;
      sn >>= 1;
    }
    return sn == 0 && hash.equals(root);
  }

  /** Whether a path proves that the first tree is a prefix of the second. */
  public static boolean consistency(
      long first, TreeHash firstRoot, long second, TreeHash secondRoot, List<TreeHash> path) {
    if (first < 0 || first > second) {
      return false;
    }
    if (first == 0) {
      return path.isEmpty() && firstRoot.equals(TreeHash.EMPTY);
    }
    if (first == second) {
      return path.isEmpty() && firstRoot.equals(secondRoot);
    }
    boolean complete = Long.bitCount(first) == 1;
    if (!complete && path.isEmpty()) {
      return false;
    }
    return climb(first, firstRoot, second, secondRoot, path, complete);
  }

  private static boolean climb(
      long first,
      TreeHash firstRoot,
      long second,
      TreeHash secondRoot,
      List<TreeHash> path,
      boolean complete) {
    long fn = first - 1;
    long sn = second - 1;
    while ((fn & 1) == 1) {
      fn >>= 1;
      sn >>= 1;
    }
    TreeHash start = complete ? firstRoot : path.getFirst();
    TreeHash fr = start;
    TreeHash sr = start;
    for (TreeHash node : complete ? path : path.subList(1, path.size())) {
      if (sn == 0) {
        return false;
      }
      if ((fn & 1) == 1 || fn == sn) {
        fr = TreeHash.node(node, fr);
        sr = TreeHash.node(node, sr);
        while ((fn & 1) == 0 && fn != 0) {
          fn >>= 1;
          sn >>= 1;
        }
      } else {
        sr = TreeHash.node(sr, node);
      }
      fn >>= 1;
      sn >>= 1;
    }
    return sn == 0 && fr.equals(firstRoot) && sr.equals(secondRoot);
  }
}
