package dev.cofferdam.audit.log;

import dev.cofferdam.audit.record.AuditEvent;
import dev.cofferdam.audit.record.RejectedFact;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The writing side of the log. Leaves get dense indexes in the order of appending, whoever appends;
 * the offsets after a batch are part of its transaction. One instance belongs to one consumer
 * thread.
 */
public interface AuditLog {
  /**
   * Takes partitions over; a former holder's appends fail from now on.
   *
   * @return the next offset of each partition that has been read before
   * @throws LogUnavailableException where the store is away
   */
  Map<Integer, Long> claim(String topic, Set<Integer> partitions);

  /**
   * Seals and appends a batch, all or nothing. Events that the log has already are skipped.
   *
   * @return the events that were appended, in their order
   * @throws LogUnavailableException where the store is away
   * @throws StaleClaimException where somebody else holds one of the partitions
   * @throws UnstorableException where the store will never take one of the rows
   */
  List<AuditEvent> append(Batch batch);

  /**
   * What one append stores.
   *
   * @param topic where it comes from
   * @param events the events
   * @param rejected the facts that cannot be logged
   * @param nextOffsets the offset after the batch, for each partition in it
   */
  record Batch(
      String topic,
      List<AuditEvent> events,
      List<RejectedFact> rejected,
      Map<Integer, Long> nextOffsets) {
    public Batch {
      events = List.copyOf(events);
      rejected = List.copyOf(rejected);
      nextOffsets = Map.copyOf(nextOffsets);
    }
  }

  /** The store cannot be reached, or failed in a way that another try may mend. */
  final class LogUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public LogUnavailableException(Throwable cause) {
      super("the log's store is not available", cause);
    }
  }

  /** Another member has claimed a partition of the batch since. */
  final class StaleClaimException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StaleClaimException(int partition) {
      super("partition " + partition + " is somebody else's now");
    }
  }

  /** The store refuses the batch for its data, and will again. */
  final class UnstorableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param sqlState the store's code of the reason
     */
    public UnstorableException(String sqlState) {
      super("the store refuses the data: " + sqlState);
    }
  }
}
