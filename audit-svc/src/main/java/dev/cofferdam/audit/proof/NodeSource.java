package dev.cofferdam.audit.proof;

import java.util.Map;
import java.util.Set;

/** Where the hashes of complete subtrees are kept. */
@FunctionalInterface
public interface NodeSource {
  /** The hashes of all nodes that were asked for and exist. */
  Map<NodeId, TreeHash> read(Set<NodeId> nodes);
}
