package dev.cofferdam.audit.log;

import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.Frontier;
import dev.cofferdam.audit.proof.TreeHash;
import java.util.List;

/**
 * Recomputes a log from its leaves' bytes and compares it with a signed checkpoint. Finds every
 * changed, missing, added or moved leaf below the checkpoint's size, whatever else in the store was
 * changed along with it.
 */
public final class LogVerifier {
  private static final int BATCH = 1_000;

  private LogVerifier() {}

  /** What was found. */
  public sealed interface Finding {
    /** The leaves are those that were signed. */
    record Intact(long leaves) implements Finding {}

    /**
     * A leaf is missing, or its bytes do not have the hash that was stored for it.
     *
     * @param index the first such leaf
     */
    record BadLeaf(long index) implements Finding {}

    /** All leaves have their stored hashes, and yet the tree is not the signed one. */
    record BadTree() implements Finding {}
  }

  /** Verifies the leaves below a checkpoint. */
  public static Finding verify(LogReader log, Checkpoint checkpoint) {
    Frontier tree = Frontier.empty();
    while (tree.size() < checkpoint.size()) {
      int wanted = (int) Math.min(BATCH, checkpoint.size() - tree.size());
      List<LogReader.Leaf> leaves = log.leaves(tree.size(), wanted);
      for (LogReader.Leaf leaf : leaves) {
        TreeHash hash = TreeHash.leaf(leaf.bytes());
        if (leaf.index() != tree.size() || !hash.equals(leaf.storedHash())) {
          return new Finding.BadLeaf(tree.size());
        }
        tree.append(hash, (node, unused) -> {});
      }
      if (leaves.size() < wanted) {
        return new Finding.BadLeaf(tree.size());
      }
    }
    return tree.root().equals(checkpoint.root())
        ? new Finding.Intact(tree.size())
        : new Finding.BadTree();
  }
}
