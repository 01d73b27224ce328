package dev.cofferdam.audit.log;

import dev.cofferdam.audit.proof.NodeSource;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.Optional;

/**
 * The reading side of the log. Records are confined to a view; hashes belong to everyone.
 *
 * <p>All methods throw {@link StoreUnavailableException} where the store is away.
 */
public interface LogReader extends NodeSource {
  /** The log as of now. */
  Head head();

  /** Sealed records of a view, newest first. */
  List<Leaf> records(View view, RecordQuery query);

  /** Leaves in order, from an index on; fewer than asked for at the end. For verification. */
  List<Leaf> leaves(long from, int leavesMax);

  /** Hash of a leaf, as it was stored. */
  Optional<TreeHash> leafHash(long index);

  /**
   * Size and root of a log.
   *
   * @param size number of leaves
   * @param root root hash
   */
  record Head(long size, TreeHash root) {}

  /**
   * A leaf.
   *
   * @param index its place
   * @param eventId id of its event
   * @param bytes the sealed record; not to be changed
   * @param storedHash its hash as it was stored
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Leaf(long index, String eventId, byte[] bytes, TreeHash storedHash) {}

  /**
   * Which records.
   *
   * @param tenant only this one's; empty for all of the view
   * @param request only this one's
   * @param operation only this one; empty for all
   * @param severity only this one; 0 for all
   * @param fromMs only what happened then or later, milliseconds since the epoch; 0 for no bound
   * @param toMs only what happened before; 0 for no bound
   * @param before only leaves before this index
   * @param rowsMax how many
   */
  record RecordQuery(
      Optional<TenantId> tenant,
      Optional<RequestId> request,
      String operation,
      int severity,
      long fromMs,
      long toMs,
      Optional<Long> before,
      int rowsMax) {
    /** The newest of all. */
    public static RecordQuery newest(int rowsMax) {
      return new RecordQuery(
          Optional.empty(), Optional.empty(), "", 0, 0, 0, Optional.empty(), rowsMax);
    }
  }
}
