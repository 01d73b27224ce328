package dev.cofferdam.metering.kept;

import dev.cofferdam.mesh.store.RejectedFact;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where hours of what is kept are written, once each and never changed, with the offsets after them
 * in the same transaction. One instance belongs to one consumer thread. What fails is thrown as by
 * {@link dev.cofferdam.metering.ledger.Ledger}.
 */
public interface KeptBook {
  /**
   * Takes partitions over; a former holder's appends fail from now on.
   *
   * @return the next offset of each partition that has been read before
   */
  Map<Integer, Long> claim(String topic, Set<Integer> partitions);

  /**
   * Appends a batch, all or nothing. Of an hour's tellings the first counts.
   *
   * @param nextOffsets the offset after the batch, for each partition in it
   */
  void append(
      String topic,
      List<KeptHour> hours,
      List<RejectedFact> rejected,
      Map<Integer, Long> nextOffsets);
}
