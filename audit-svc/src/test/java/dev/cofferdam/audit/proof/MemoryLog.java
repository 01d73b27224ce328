package dev.cofferdam.audit.proof;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A log in memory: leaves, and the nodes that a frontier completed. */
public final class MemoryLog implements NodeSource {
  private final Frontier frontier = Frontier.empty();
  private final Map<NodeId, TreeHash> nodes = new HashMap<>();
  private final List<byte[]> leaves = new ArrayList<>();

  /** Appends a leaf. */
  public void add(byte[] leaf) {
    TreeHash hash = TreeHash.leaf(leaf);
    nodes.put(new NodeId(0, leaves.size()), hash);
    frontier.append(hash, nodes::put);
    leaves.add(leaf);
  }

  /** The right edge. */
  public Frontier frontier() {
    return frontier;
  }

  /** The leaves' bytes. */
  public List<byte[]> leaves() {
    return leaves;
  }

  @Override
  public Map<NodeId, TreeHash> read(Set<NodeId> asked) {
    Map<NodeId, TreeHash> found = new HashMap<>();
    for (NodeId node : asked) {
      TreeHash hash = nodes.get(node);
      if (hash != null) {
        found.put(node, hash);
      }
    }
    return found;
  }
}
