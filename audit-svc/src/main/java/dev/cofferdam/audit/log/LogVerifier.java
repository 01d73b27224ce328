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
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Recomputes a log from its leaves' bytes and holds it against everything that was signed, and
 * names the first place that is wrong: a leaf, where its hash still stands beside it or in an
 * earlier copy; else the tile of 256 leaves, or the leaves between two checkpoints. One pass, in
 * memory 8 bytes for each leaf.
 */
public final class LogVerifier {
  private static final int BATCH = 1_024;

  private final LogCopy copy;
  private final NoteVerifier key;
  private final Frontier tree = Frontier.empty();
  private final List<SignedNote> notes = new ArrayList<>();
  private final Optional<LogCopy> earlier;
  private final Map<Long, Set<TreeHash>> remembered = new HashMap<>();
  private Optional<LogReader.Head> head = Optional.empty();
  private Optional<NodeId> suspect = Optional.empty();
  private long[] prefixes = new long[BATCH];
  private long verified;
  private long signed;
  private int nextNote;

  private LogVerifier(LogCopy copy, NoteVerifier key, Optional<LogCopy> earlier) {
    this.copy = copy;
    this.key = key;
    this.earlier = earlier;
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

    /**
     * Of the leaves of a signed tree there are fewer than were signed, and nothing says which.
     *
     * @param from the first that may be missing
     * @param to size of the signed tree
     * @param leaves how many are missing
     */
    record MissingLeaves(long from, long to, long leaves) implements Finding {}

    /** A leaf's bytes do not have the hash that is kept for it, here or in an earlier copy. */
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
    return verify(copy, key, remembered, Optional.empty());
  }

  /**
   * Verifies a copy.
   *
   * @param key whose signature counts
   * @param remembered checkpoints of the log from elsewhere, whose signature was verified
   * @param earlier a copy of the log that was verified, from a time when it was shorter; names a
   *     leaf even where all hashes were made anew
   */
  public static Finding verify(
      LogCopy copy, NoteVerifier key, List<Checkpoint> remembered, Optional<LogCopy> earlier) {
    LogVerifier verifier = new LogVerifier(copy, key, earlier);
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

  private Optional<Finding> compare(List<Checkpoint> elsewhere) {
    for (Checkpoint checkpoint : elsewhere) {
      if (checkpoint.size() > signed) {
        return Optional.of(new Finding.SetBack(signed, checkpoint.size()));
      }
    }
    for (Checkpoint checkpoint : elsewhere) {
      if (remembered
          .computeIfAbsent(checkpoint.size(), size -> new HashSet<>())
          .add(checkpoint.root())) {
        notes.add(new SignedNote(checkpoint.size(), ""));
      }
    }
    notes.sort((a, b) -> Long.compare(a.size(), b.size()));
    return Optional.empty();
  }

  private Optional<Finding> readLeaves() {
    Optional<Finding> wrong = checkNotes().or(this::checkHead);
    while (wrong.isEmpty()) {
      List<CopiedLeaf> leaves = copy.leaves(tree.size(), BATCH);
      List<TreeHash> kept = copy.entries(0, tree.size(), BATCH);
      List<TreeHash> before = entriesBefore(BATCH);
      for (int i = 0; i < leaves.size() && wrong.isEmpty(); i++) {
        wrong =
            i < before.size() && !holds(leaves.get(i).bytes(), before.get(i))
                ? Optional.of(new Finding.BadLeaf(tree.size()))
                : read(
                    leaves.get(i), i < kept.size() ? Optional.of(kept.get(i)) : Optional.empty());
      }
      if (leaves.size() < BATCH) {
        break;
      }
    }
    if (wrong.isPresent()) {
      return wrong;
    }
    if (tree.size() < signed) {
      return Optional.of(missing());
    }
    return suspect.map(Finding.BadNode::new);
  }

  /** Hashes of the leaves from here on in the earlier copy. */
  private List<TreeHash> entriesBefore(int entriesMax) {
    return earlier.map(e -> e.entries(0, tree.size(), entriesMax)).orElse(List.of());
  }

  /** The leaves end before the signed tree: where a hash is kept of the next, all before hold. */
  private Finding missing() {
    boolean named = !copy.entries(0, tree.size(), 1).isEmpty() || !entriesBefore(1).isEmpty();
    return named
        ? new Finding.MissingLeaf(tree.size())
        : new Finding.MissingLeaves(verified, signed, signed - tree.size());
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
              ? Set.of(root).equals(remembered.get(note.size()))
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
