package dev.cofferdam.audit.proof;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A run of leaves that is a subtree of some tree, complete or not: {@code begin} is a multiple of
 * the next power of two at or above its length.
 *
 * @param begin first leaf
 * @param end the leaf after the last
 */
public record LeafRange(long begin, long end) {
  public LeafRange {
    if (begin < 0 || end < begin) {
      throw new IllegalArgumentException("leaves " + begin + " to " + end);
    }
  }

  /**
   * The complete subtrees that make it up, from left to right, each smaller than the one before.
   */
  public List<NodeId> nodes() {
    List<NodeId> nodes = new ArrayList<>();
    long at = begin;
    while (at < end) {
      int level = Long.SIZE - 1 - Long.numberOfLeadingZeros(end - at);
      nodes.add(new NodeId(level, at >> level));
      at += 1L << level;
    }
    return nodes;
  }

  /**
   * Its hash (RFC 6962, 2.1: MTH).
   *
   * @throws IllegalStateException where one of its nodes is missing
   */
  TreeHash hash(Map<NodeId, TreeHash> hashes) {
    List<NodeId> nodes = nodes();
    if (nodes.isEmpty()) {
      return TreeHash.EMPTY;
    }
    TreeHash hash = get(hashes, nodes.getLast());
    for (int i = nodes.size() - 2; i >= 0; i--) {
      hash = TreeHash.node(get(hashes, nodes.get(i)), hash);
    }
    return hash;
  }

  private static TreeHash get(Map<NodeId, TreeHash> hashes, NodeId node) {
    TreeHash hash = hashes.get(node);
    if (hash == null) {
      throw new IllegalStateException("the log has no " + node);
    }
    return hash;
  }
}
