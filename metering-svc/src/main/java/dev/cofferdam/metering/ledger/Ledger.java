package dev.cofferdam.metering.ledger;

import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.mesh.store.StaleClaimException;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.mesh.store.UnstorableException;
import dev.cofferdam.metering.usage.Preemption;
import dev.cofferdam.metering.usage.UsageEvent;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The writing side of the ledger. Events are appended and never edited; what a batch adds to the
 * sums, and the offsets after it, are part of the same transaction. One instance belongs to one
 * consumer thread.
 */
public interface Ledger {
  /**
   * Takes partitions over; a former holder's appends fail from now on.
   *
   * @return the next offset of each partition that has been read before
   * @throws StoreUnavailableException where the store is away
   */
  Map<Integer, Long> claim(String topic, Set<Integer> partitions);

  /**
   * Appends a batch, all or nothing. Events that the ledger has already are skipped.
   *
   * @return the events that were added, hence counted in the sums
   * @throws StoreUnavailableException where the store is away
   * @throws StaleClaimException where somebody else holds one of the partitions
   * @throws UnstorableException where the store will never take one of the rows
   */
  List<Booked> append(Batch batch);

  /**
   * What one append stores.
   *
   * @param topic where it comes from
   * @param events the events
   * @param preemptions for whom attempts gave way, by the event's id; kept for operators
   * @param rejected the facts that cannot be counted
   * @param nextOffsets the offset after the batch, for each partition in it
   */
  record Batch(
      String topic,
      List<UsageEvent> events,
      Map<String, List<Preemption>> preemptions,
      List<RejectedFact> rejected,
      Map<Integer, Long> nextOffsets) {
    public Batch {
      events = List.copyOf(events);
      preemptions = Map.copyOf(preemptions);
      rejected = List.copyOf(rejected);
      nextOffsets = Map.copyOf(nextOffsets);
    }
  }
}
