package dev.cofferdam.gateway.dispatch;

import java.util.List;

/** Asks the routers for workers. */
public interface Placements {
  /**
   * Asks for a worker; never blocks. The listener gets any number of {@code Queued} and then one
   * {@code Placed}, {@code PlacementRefused} or {@code RoutersUnreachable}.
   *
   * @return ends the placement; the listener gets nothing more that matters
   */
  Runnable place(Ask ask, java.util.function.Consumer<Event> listener);

  /**
   * What is asked for; never content.
   *
   * @param attempt 1 for the first
   * @param generated output tokens that the client has already
   * @param prefixDigests tenant-keyed digests of the full blocks of input and output so far
   * @param excluded workers that failed this request
   */
  record Ask(
      Generation generation,
      int attempt,
      int generated,
      List<byte[]> prefixDigests,
      List<String> excluded) {}
}
