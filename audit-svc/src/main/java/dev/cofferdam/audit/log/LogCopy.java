package dev.cofferdam.audit.log;

import dev.cofferdam.audit.proof.TreeHash;
import java.util.List;
import java.util.Optional;

/** Anything that claims to hold a log: the store, an export. Nothing that it says is believed. */
public interface LogCopy {
  /** Leaves in order, from an index on; fewer than asked for at the end. */
  List<CopiedLeaf> leaves(long from, int leavesMax);

  /**
   * Entries of tiles, as they are kept.
   *
   * @param tileLevel 0 for hashes of leaves, 1 for roots of 256 leaves, and so on
   * @return as many as there are without a gap, at most as many as asked for
   */
  List<TreeHash> entries(int tileLevel, long from, int entriesMax);

  /** Signed checkpoints in the order of their sizes, of a size and more; at most as many. */
  List<SignedNote> checkpoints(long fromSize, int notesMax);

  /** The head that is signed next, where this copy has one. */
  Optional<LogReader.Head> head();

  /**
   * A leaf.
   *
   * @param index where it claims to be
   * @param bytes the sealed record; not to be changed
   * @param row what stands beside it in the store; empty in an export
   */
  @SuppressWarnings("ArrayRecordComponent")
  record CopiedLeaf(long index, byte[] bytes, Optional<RowLabel> row) {}

  /**
   * What queries find a leaf by, which its bytes say too.
   *
   * @param tenant whose record it is
   * @param severity how grave
   * @param occurredMs when it happened, milliseconds since the epoch
   */
  record RowLabel(String tenant, int severity, long occurredMs) {}

  /**
   * A signed note.
   *
   * @param size the tree's size under which it is kept
   * @param note the note
   */
  record SignedNote(long size, String note) {}
}
