package dev.cofferdam.gateway.quota.redis;

import java.util.ArrayDeque;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Settlements that could not be told to Redis, oldest first, told one after another once it is
 * back. Bounded: where too many wait, the oldest is given up, since it leaves the window first.
 */
final class PendingSettlements {
  private final int max;
  private final Function<Settlement, CompletionStage<Void>> send;
  private final ArrayDeque<Settlement> waiting = new ArrayDeque<>();
  private boolean draining;
  private long dropped;

  PendingSettlements(int max, Function<Settlement, CompletionStage<Void>> send) {
    this.max = max;
    this.send = send;
  }

  synchronized void keep(Settlement settlement) {
    if (waiting.size() == max) {
      waiting.removeFirst();
      dropped++;
    }
    waiting.addLast(settlement);
  }

  synchronized int size() {
    return waiting.size();
  }

  synchronized long dropped() {
    return dropped;
  }

  /** Tells what waits; stops at the first failure. */
  void drain() {
    Settlement first = begin();
    if (first != null) {
      tell(first);
    }
  }

  private void tell(Settlement settlement) {
    send.apply(settlement)
        .whenComplete(
            (done, failure) -> {
              Settlement next = failure == null ? next() : stop(settlement);
              if (next != null) {
                tell(next);
              }
            });
  }

  private synchronized @Nullable Settlement begin() {
    if (draining || waiting.isEmpty()) {
      return null;
    }
    draining = true;
    return waiting.removeFirst();
  }

  private synchronized @Nullable Settlement next() {
    Settlement next = waiting.pollFirst();
    draining = next != null;
    return next;
  }

  private synchronized @Nullable Settlement stop(Settlement failed) {
    draining = false;
    if (waiting.size() < max) {
      waiting.addFirst(failed);
    } else {
      dropped++;
    }
    return null;
  }
}
