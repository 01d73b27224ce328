package dev.cofferdam.audit.proof;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The nodes of a tree of which only every eighth level is kept: the hashes of leaves, the roots of
 * 256 leaves, of 65 536, and so on, which are the entries of the log's tiles (C2SP tlog-tiles). The
 * levels between are hashed from them when they are asked for. So storing a leaf costs 1.004
 * hashes, and a proof reads the other entries of one tile for each level of tiles, at most 255 ·
 * ⌈log₂₅₆ size⌉.
 */
public final class TileNodes implements NodeSource {
  /** Levels of the tree that a tile spans. */
  public static final int HEIGHT = 8;

  /** Entries of a full tile. */
  public static final int WIDTH = 1 << HEIGHT;

  private final NodeSource entries;

  /**
   * @param entries keeps the nodes for which {@link #isEntry} holds
   */
  public TileNodes(NodeSource entries) {
    this.entries = entries;
  }

  /** Whether a node is an entry of a tile. */
  public static boolean isEntry(NodeId node) {
    return node.level() % HEIGHT == 0;
  }

  @Override
  public Map<NodeId, TreeHash> read(Set<NodeId> nodes) {
    Set<NodeId> needed = new HashSet<>();
    nodes.forEach(node -> needed.addAll(entriesOf(node)));
    Map<NodeId, TreeHash> kept = entries.read(needed);
    Map<NodeId, TreeHash> found = new HashMap<>();
    for (NodeId node : nodes) {
      List<TreeHash> below = new ArrayList<>();
      for (NodeId entry : entriesOf(node)) {
        TreeHash hash = kept.get(entry);
        if (hash != null) {
          below.add(hash);
        }
      }
      if (below.size() == width(node)) {
        found.put(node, root(below));
      }
    }
    return found;
  }

  /** Root of a complete tree over hashes, whose number is a power of two. */
  public static TreeHash root(List<TreeHash> hashes) {
    List<TreeHash> level = hashes;
    while (level.size() > 1) {
      List<TreeHash> above = new ArrayList<>(level.size() / 2);
      for (int i = 0; i < level.size(); i += 2) {
        above.add(TreeHash.node(level.get(i), level.get(i + 1)));
      }
      level = above;
    }
    return level.getFirst();
  }

  private static int width(NodeId node) {
    return 1 << (node.level() % HEIGHT);
  }

  private static List<NodeId> entriesOf(NodeId node) {
    int width = width(node);
    List<NodeId> all = new ArrayList<>(width);
    for (int i = 0; i < width; i++) {
      all.add(new NodeId(node.level() / HEIGHT * HEIGHT, node.index() * width + i));
    }
    return all;
  }
}
