package dev.cofferdam.audit.log;

import dev.cofferdam.audit.record.AuditEvent;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.mesh.store.StaleClaimException;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.mesh.store.UnstorableException;
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
   * @throws StoreUnavailableException where the store is away
   */
  Map<Integer, Long> claim(String topic, Set<Integer> partitions);

  /**
   * Seals and appends a batch, all or nothing. Events that the log has already are skipped.
   *
   * @return the events that were appended, in their order
   * @throws StoreUnavailableException where the store is away
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
}
