package dev.cofferdam.audit.log.tampering;

import dev.cofferdam.audit.log.LogCopy;
import dev.cofferdam.audit.log.LogReader;
import dev.cofferdam.audit.proof.Frontier;
import dev.cofferdam.audit.proof.NodeId;
import dev.cofferdam.audit.proof.TileNodes;
import dev.cofferdam.audit.proof.TreeHash;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A copy of a log in memory, every part of which can be changed; for trying what is found. */
public final class CopiedLog implements LogCopy {
  /** The leaves. */
  public final List<CopiedLeaf> leaves = new ArrayList<>();

  /** Entries of tiles. */
  public final Map<NodeId, TreeHash> entries = new HashMap<>();

  /** Checkpoints. */
  public final List<SignedNote> notes = new ArrayList<>();

  private Optional<LogReader.Head> head = Optional.empty();

  /** Copies all of a log. */
  public static CopiedLog of(LogCopy log) {
    CopiedLog copy = new CopiedLog();
    copy.leaves.addAll(log.leaves(0, Integer.MAX_VALUE));
    copy.notes.addAll(log.checkpoints(0, Integer.MAX_VALUE));
    copy.head = log.head();
    int width = copy.leaves.size();
    for (int level = 0; width > 0; level++) {
      List<TreeHash> hashes = log.entries(level, 0, width);
      for (int i = 0; i < hashes.size(); i++) {
        copy.entries.put(new NodeId(level * TileNodes.HEIGHT, i), hashes.get(i));
      }
      width /= TileNodes.WIDTH;
    }
    return copy;
  }

  /** Another copy, to be changed alone. */
  public CopiedLog copy() {
    CopiedLog other = new CopiedLog();
    other.leaves.addAll(leaves);
    other.notes.addAll(notes);
    other.entries.putAll(entries);
    other.head = head;
    return other;
  }

  /** Makes hashes, roots and head from the leaves, as somebody who covers his tracks would. */
  public void rehash() {
    entries.clear();
    Frontier tree = Frontier.empty();
    for (int i = 0; i < leaves.size(); i++) {
      TreeHash hash = TreeHash.leaf(leaves.get(i).bytes());
      entries.put(new NodeId(0, i), hash);
      tree.append(
          hash,
          (node, root) -> {
            if (TileNodes.isEntry(node)) {
              entries.put(node, root);
            }
          });
    }
    head = Optional.of(new LogReader.Head(tree.size(), tree.root()));
  }

  /** Takes another head. */
  public void head(LogReader.Head other) {
    head = Optional.of(other);
  }

  @Override
  public List<CopiedLeaf> leaves(long from, int leavesMax) {
    return page(leaves, (int) from, leavesMax);
  }

  @Override
  public List<TreeHash> entries(int tileLevel, long from, int entriesMax) {
    List<TreeHash> found = new ArrayList<>();
    for (int i = 0; i < entriesMax; i++) {
      TreeHash hash = entries.get(new NodeId(tileLevel * TileNodes.HEIGHT, from + i));
      if (hash == null) {
        break;
      }
      found.add(hash);
    }
    return found;
  }

  @Override
  public List<SignedNote> checkpoints(long fromSize, int notesMax) {
    return notes.stream().filter(note -> note.size() >= fromSize).limit(notesMax).toList();
  }

  @Override
  public Optional<LogReader.Head> head() {
    return head;
  }

  private static <T> List<T> page(List<T> all, int from, int max) {
    return from >= all.size()
        ? List.of()
        : all.subList(from, (int) Math.min(all.size(), (long) from + max));
  }
}
