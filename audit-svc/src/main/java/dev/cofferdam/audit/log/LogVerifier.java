package dev.cofferdam.audit.log;

import dev.cofferdam.audit.log.LogCopy.CopiedLeaf;
import dev.cofferdam.audit.log.LogCopy.RowLabel;
import dev.cofferdam.audit.log.LogCopy.SignedNote;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.Frontier;
import dev.cofferdam.audit.proof.NodeId;
import dev.cofferdam.audit.proof.NoteVerifier;
import dev.cofferdam.audit.proof.TileNodes;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.audit.sealing.SealedRecord;
import dev.cofferdam.audit.sealing.UnsealableException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Recomputes a log from its leaves' bytes and holds it against everything that was signed, and
 * names the first place that is wrong: a leaf, where its hash still stands beside it; else the tile
 * of 256 leaves, or the leaves between two checkpoints. One pass, in memory 8 bytes for each leaf.
 */
public final class LogVerifier {
  private static final int BATCH = 1_024;

  private final LogCopy copy;
  private final NoteVerifier key;
  private final Frontier tree = Frontier.empty();
  private final List<SignedNote> notes = new ArrayList<>();
  private List<Checkpoint> remembered = List.of();
  private Optional<LogReader.Head> head = Optional.empty();
  private Optional<NodeId> suspect = Optional.empty();
  private long[] prefixes = new long[BATCH];
  private long verified;
  private long signed;
  private int nextNote;

  private LogVerifier(LogCopy copy, NoteVerifier key) {
    this.copy = copy;
    this.key = key;
  }

  /** What was found: nothing, or the first place that is wrong. */
  public sealed interface Finding {
    /**
     * Everything holds.
     *
     * @param leaves size of the largest signed tree
     */
    record Intact(long leaves) implements Finding {}

    /** A checkpoint that is kept under a size is not one that the key signed for that size. */
    record BadCheckpoint(long size) implements Finding {}

    /** A leaf is missing, though a tree with it was signed. */
    record MissingLeaf(long index) implements Finding {}

    /** A leaf's bytes do not have the hash that is kept for it. */
    record BadLeaf(long index) implements Finding {}

    /** What stands beside a leaf in the store is not what the leaf says. */
    record BadRow(long index) implements Finding {}

    /** A leaf is there a second time. */
    record Repeated(long index, long first) implements Finding {}

    /** A kept root is not that of its leaves, which are those that were signed. */
    record BadNode(NodeId node) implements Finding {}

    /**
     * Leaves are not those that were signed, though each has the hash that is kept for it.
     *
     * @param from the first that may be wrong
     * @param to the one after the last
     */
    record BadLeaves(long from, long to) implements Finding {}

    /** The head that would be signed next is not that of the leaves. */
    record BadHead() implements Finding {}

    /** A tree of a larger size, or another one of the same, has been signed: a log set back. */
    record SetBack(long size, long signedSize) implements Finding {}
  }

  /**
   * Verifies a copy.
   *
   * @param key whose signature counts
   * @param remembered checkpoints of the log from elsewhere, whose signature was verified
   */
  public static Finding verify(LogCopy copy, NoteVerifier key, List<Checkpoint> remembered) {
    LogVerifier verifier = new LogVerifier(copy, key);
    return verifier
        .readNotes()
        .or(() -> verifier.compare(remembered))
        .or(verifier::readLeaves)
        .or(verifier::checkHeadsSize)
        .or(verifier::findRepeated)
        .orElseGet(() -> new Finding.Intact(verifier.signed));
  }

  /** Whether a leaf's bytes are those of the hash that is kept for it. */
  public static boolean holds(byte[] leaf, TreeHash kept) {
    return TreeHash.leaf(leaf).equals(kept);
  }

  private Optional<Finding> readNotes() {
    head = copy.head();
    long from = 0;
    while (true) {
      List<SignedNote> page = copy.checkpoints(from, BATCH);
      for (SignedNote note : page) {
        if (note.size() < from || open(note).isEmpty()) {
          return Optional.of(new Finding.BadCheckpoint(note.size()));
        }
        from = note.size() + 1;
        signed = note.size();
        notes.add(note);
      }
      if (page.size() < BATCH) {
        return Optional.empty();
      }
    }
  }

  private Optional<Checkpoint> open(SignedNote kept) {
    try {
      return key.open(kept.note())
          .map(Checkpoint::parse)
          .filter(c -> c.size() == kept.size() && c.origin().equals(key.name()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private Optional<Finding> compare(List<Checkpoint> remembered) {
    for (Checkpoint checkpoint : remembered) {
      if (checkpoint.size() > signed) {
        return Optional.of(new Finding.SetBack(signed, checkpoint.size()));
      }
    }
    remembered.forEach(c -> notes.add(new SignedNote(c.size(), "")));
    this.remembered = remembered;
    notes.sort((a, b) -> Long.compare(a.size(), b.size()));
    return Optional.empty();
  }

  private Optional<Finding> readLeaves() {
    Optional<Finding> wrong = checkNotes().or(this::checkHead);
    while (wrong.isEmpty()) {
      List<CopiedLeaf> leaves = copy.leaves(tree.size(), BATCH);
      List<TreeHash> kept = copy.entries(0, tree.size(), BATCH);
      for (int i = 0; i < leaves.size() && wrong.isEmpty(); i++) {
        wrong = read(leaves.get(i), i < kept.size() ? Optional.of(kept.get(i)) : Optional.empty());
      }
      if (leaves.size() < BATCH) {
        break;
      }
    }
    if (wrong.isPresent()) {
      return wrong;
    }
    if (tree.size() < signed) {
      return Optional.of(new Finding.MissingLeaf(tree.size()));
    }
    return suspect.map(Finding.BadNode::new);
  }

  private Optional<Finding> read(CopiedLeaf leaf, Optional<TreeHash> kept) {
    long index = tree.size();
    if (leaf.index() != index) {
      return Optional.of(new Finding.MissingLeaf(index));
    }
    TreeHash hash = TreeHash.leaf(leaf.bytes());
    if (kept.isEmpty() || !hash.equals(kept.get())) {
      return Optional.of(new Finding.BadLeaf(index));
    }
    if (leaf.row().isPresent() && !isSaidBy(leaf.bytes(), leaf.row().get())) {
      return Optional.of(new Finding.BadRow(index));
    }
    if (index == prefixes.length) {
      prefixes = Arrays.copyOf(prefixes, prefixes.length * 2);
    }
    prefixes[(int) index] = hash.prefix();
    tree.append(hash, this::compareRoot);
    return checkNotes().or(this::checkHead);
  }

  private static boolean isSaidBy(byte[] leaf, RowLabel row) {
    try {
      SealedRecord sealed = SealedRecord.decode(leaf);
      return sealed.tenant().value().equals(row.tenant())
          && sealed
              .label()
              .map(
                  label ->
                      label.severity() == row.severity() && label.occurredMs() == row.occurredMs())
              .orElse(true);
    } catch (UnsealableException e) {
      return false;
    }
  }

  private void compareRoot(NodeId node, TreeHash root) {
    if (suspect.isEmpty() && TileNodes.isEntry(node)) {
      List<TreeHash> kept = copy.entries(node.level() / TileNodes.HEIGHT, node.index(), 1);
      if (kept.isEmpty() || !kept.getFirst().equals(root)) {
        suspect = Optional.of(node);
      }
    }
  }

  /** Holds the tree so far against all that was signed for exactly its size. */
  private Optional<Finding> checkNotes() {
    while (nextNote < notes.size() && notes.get(nextNote).size() == tree.size()) {
      SignedNote note = notes.get(nextNote++);
      TreeHash root = tree.root();
      boolean holds =
          note.note().isEmpty()
              ? remembered.stream().allMatch(c -> c.size() != note.size() || c.root().equals(root))
              : open(note).filter(c -> c.root().equals(root)).isPresent();
      if (!holds) {
        return Optional.of(located());
      }
      verified = tree.size();
      if (suspect.isPresent()) {
        return suspect.map(Finding.BadNode::new);
      }
    }
    return Optional.empty();
  }

  /** The tree is not the signed one: the first tile that is not as it was, or all since. */
  private Finding located() {
    if (verified == tree.size() && verified > 0) {
      // One checkpoint of this size holds, and another one does not.
      return new Finding.SetBack(verified, verified);
    }
    return suspect
        .<Finding>map(
            node ->
                new Finding.BadLeaves(
                    node.index() << node.level(), (node.index() + 1) << node.level()))
        .orElseGet(() -> new Finding.BadLeaves(verified, tree.size()));
  }

  /** The head was read before the leaves, as the log may grow meanwhile. */
  private Optional<Finding> checkHead() {
    return head.filter(h -> h.size() == tree.size() && !h.root().equals(tree.root()))
        .map(h -> new Finding.BadHead());
  }

  private Optional<Finding> checkHeadsSize() {
    return head.filter(h -> h.size() > tree.size()).map(h -> new Finding.BadHead());
  }

  private Optional<Finding> findRepeated() {
    int size = (int) tree.size();
    long[] sorted = Arrays.copyOf(prefixes, size);
    Arrays.sort(sorted);
    for (int i = 1; i < size; i++) {
      if (sorted[i] == sorted[i - 1]) {
        return Optional.of(repeated(sorted[i]));
      }
    }
    return Optional.empty();
  }

  private Finding repeated(long prefix) {
    long first = -1;
    for (int i = 0; ; i++) {
      if (prefixes[i] == prefix) {
        if (first >= 0) {
          return new Finding.Repeated(i, first);
        }
        first = i;
      }
    }
  }
}
