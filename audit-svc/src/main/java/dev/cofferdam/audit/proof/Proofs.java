package dev.cofferdam.audit.proof;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes inclusion and consistency proofs (RFC 6962, 2.1.1 and 2.1.2) from O(log n) nodes, read at
 * once.
 */
public final class Proofs {
  private Proofs() {}

  /** Root hash of the tree of the first {@code size} leaves. */
  public static TreeHash root(long size, NodeSource source) {
    return resolve(List.of(new LeafRange(0, size)), source).getFirst();
  }

  /**
   * Audit path of a leaf in the tree of the first {@code size} leaves, the leaf's sibling first.
   *
   * @throws IllegalArgumentException where the tree has no such leaf
   */
  public static List<TreeHash> inclusion(long index, long size, NodeSource source) {
    if (index < 0 || index >= size) {
      throw new IllegalArgumentException("leaf " + index + " of a tree of " + size);
    }
    List<LeafRange> path = new ArrayList<>();
    inclusion(index, new LeafRange(0, size), path);
    return resolve(path, source);
  }

  private static void inclusion(long index, LeafRange tree, List<LeafRange> path) {
    if (tree.end() - tree.begin() == 1) {
      return;
    }
    long split = split(tree);
    LeafRange left = new LeafRange(tree.begin(), split);
    LeafRange right = new LeafRange(split, tree.end());
    if (index < split) {
      inclusion(index, left, path);
      path.add(right);
    } else {
      inclusion(index, right, path);
      path.add(left);
    }
  }

  /**
   * Proof that the tree of the first {@code first} leaves is a prefix of the one of {@code second};
   * empty where they are equal or the first is empty.
   *
   * @throws IllegalArgumentException unless 0 ≤ first ≤ second
   */
  public static List<TreeHash> consistency(long first, long second, NodeSource source) {
    if (first < 0 || first > second) {
      throw new IllegalArgumentException("trees of " + first + " and " + second);
    }
    if (first == 0 || first == second) {
      return List.of();
    }
    List<LeafRange> path = new ArrayList<>();
    consistency(first, new LeafRange(0, second), true, path);
    return resolve(path, source);
  }

  private static void consistency(long first, LeafRange tree, boolean known, List<LeafRange> path) {
    if (first == tree.end()) {
      if (!known) {
        path.add(tree);
      }
      return;
    }
    long split = split(tree);
    LeafRange left = new LeafRange(tree.begin(), split);
    LeafRange right = new LeafRange(split, tree.end());
    if (first <= split) {
      consistency(first, left, known, path);
      path.add(right);
    } else {
      consistency(first, right, false, path);
      path.add(left);
    }
  }

  /** Where a tree of two or more leaves splits: the largest power of two below its size. */
  private static long split(LeafRange tree) {
    return tree.begin() + Long.highestOneBit(tree.end() - tree.begin() - 1);
  }

  private static List<TreeHash> resolve(List<LeafRange> ranges, NodeSource source) {
    Set<NodeId> needed = new HashSet<>();
    ranges.forEach(range -> needed.addAll(range.nodes()));
    Map<NodeId, TreeHash> hashes = needed.isEmpty() ? Map.of() : source.read(needed);
    return ranges.stream().map(range -> range.hash(hashes)).toList();
  }
}
