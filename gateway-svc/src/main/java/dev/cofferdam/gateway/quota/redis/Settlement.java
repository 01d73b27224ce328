package dev.cofferdam.gateway.quota.redis;

import dev.cofferdam.gateway.quota.Budget;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.vocabulary.Budgets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is to be told to Redis at a request's end.
 *
 * @param reservation what was reserved
 * @param admittedMs time of admission, on Redis' clock or this gateway's
 * @param onRedisClock whose clock that is
 * @param usedTokens what was used
 * @param usedMicros what that costs
 * @param counts whether it counts as a request, too, because Redis did not see its admission
 * @param slice what a slice was, where it is one that ends
 */
record Settlement(
    Reservation reservation,
    long admittedMs,
    boolean onRedisClock,
    long usedTokens,
    long usedMicros,
    boolean counts,
    Optional<OfSlice> slice) {

  /** What a slice was. */
  record OfSlice(long requests, long usedRequests, long inFlight) {}

  /** Of a request. */
  Settlement(
      Reservation reservation,
      long admittedMs,
      boolean onRedisClock,
      long usedTokens,
      long usedMicros,
      boolean counts) {
    this(reservation, admittedMs, onRedisClock, usedTokens, usedMicros, counts, Optional.empty());
  }

  /** Arguments of settle.lua. */
  List<String> arguments(long gatewayNowMs, long windowMs) {
    long time = onRedisClock ? admittedMs : -Math.max(1, gatewayNowMs - admittedMs);
    List<String> arguments = new ArrayList<>(13);
    arguments.add(reservation.request().value());
    arguments.add(Long.toString(time));
    arguments.add(Long.toString(usedTokens));
    arguments.add(Long.toString(windowMs));
    arguments.add(counts ? "1" : "0");
    arguments.add(Long.toString(usedMicros));
    addBudgets(arguments, reservation.tenant().limits().budgets());
    slice.ifPresent(
        s -> {
          arguments.add(Long.toString(s.requests()));
          arguments.add(Long.toString(s.usedRequests()));
          arguments.add(Long.toString(s.inFlight()));
        });
    return arguments;
  }

  /** The budgets as the scripts take them: -1 for none. */
  static void addBudgets(List<String> arguments, Budgets budgets) {
    for (Budget budget : Budget.values()) {
      arguments.add(Long.toString(budget.limit(budgets).orElse(-1)));
    }
  }
}
