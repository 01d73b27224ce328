package dev.cofferdam.audit.proof;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * The right edge of a growing tree: the complete subtrees that make it up, at most one for each bit
 * of its size. Appending costs one hash on average. Not safe for threads.
 */
public final class Frontier {
  private final List<TreeHash> peaks;
  private long size;

  private Frontier(long size, List<TreeHash> peaks) {
    this.size = size;
    this.peaks = peaks;
  }

  /** The edge of the tree without leaves. */
  public static Frontier empty() {
    return new Frontier(0, new ArrayList<>());
  }

  /** The edge of the tree of the first {@code size} leaves. */
  public static Frontier load(long size, NodeSource source) {
    List<NodeId> nodes = new LeafRange(0, size).nodes();
    if (nodes.isEmpty()) {
      return empty();
    }
    Map<NodeId, TreeHash> hashes = source.read(java.util.Set.copyOf(nodes));
    List<TreeHash> peaks = new ArrayList<>();
    for (NodeId node : nodes) {
      TreeHash hash = hashes.get(node);
      if (hash == null) {
        throw new IllegalStateException("the log has no " + node);
      }
      peaks.add(hash);
    }
    return new Frontier(size, peaks);
  }

  /** An edge of its own that begins as this one. */
  public Frontier copy() {
    return new Frontier(size, new ArrayList<>(peaks));
  }

  /** Number of leaves. */
  public long size() {
    return size;
  }

  /**
   * Appends a leaf.
   *
   * @param completed told of each inner node that the leaf completes, from below
   */
  public void append(TreeHash leaf, BiConsumer<NodeId, TreeHash> completed) {
    TreeHash hash = leaf;
    for (int level = 1; (size >> (level - 1) & 1) == 1; level++) {
      hash = TreeHash.node(peaks.removeLast(), hash);
      completed.accept(new NodeId(level, size >> level), hash);
    }
    peaks.add(hash);
    size++;
  }

  /** Root hash of the tree. */
  public TreeHash root() {
    if (peaks.isEmpty()) {
      return TreeHash.EMPTY;
    }
    TreeHash hash = peaks.getLast();
    for (int i = peaks.size() - 2; i >= 0; i--) {
      hash = TreeHash.node(peaks.get(i), hash);
    }
    return hash;
  }
}
