package dev.cofferdam.scheduler.shard;

import dev.cofferdam.scheduler.admission.AttemptKey;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Tickets that were granted a short while ago, so that a caller that goes away before it has its
 * grant gives the lease back.
 */
final class GrantedTickets {
  private final Map<Long, Granted> tickets = new LinkedHashMap<>();

  private record Granted(AttemptKey key, long atMs) {}

  void put(long ticket, AttemptKey key, long nowMs) {
    tickets.put(ticket, new Granted(key, nowMs));
  }

  Optional<AttemptKey> take(long ticket) {
    return Optional.ofNullable(tickets.remove(ticket)).map(Granted::key);
  }

  /** Forgets those that were granted before a time. */
  void forgetBefore(long ms) {
    Iterator<Granted> all = tickets.values().iterator();
    while (all.hasNext() && all.next().atMs < ms) {
      all.remove();
    }
  }
}
