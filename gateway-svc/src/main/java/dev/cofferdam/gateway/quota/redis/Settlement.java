package dev.cofferdam.gateway.quota.redis;

import dev.cofferdam.gateway.quota.Reservation;
import java.util.List;

/**
 * What is to be told to Redis at a request's end.
 *
 * @param reservation what was reserved
 * @param admittedMs time of admission, on Redis' clock or this gateway's
 * @param onRedisClock whose clock that is
 * @param usedTokens what was used
 * @param counts whether it counts as a request, too, because Redis did not see its admission
 */
record Settlement(
    Reservation reservation,
    long admittedMs,
    boolean onRedisClock,
    long usedTokens,
    boolean counts) {

  /** Arguments of settle.lua. */
  List<String> arguments(long gatewayNowMs, long windowMs) {
    long time = onRedisClock ? admittedMs : -Math.max(1, gatewayNowMs - admittedMs);
    return List.of(
        reservation.request().value(),
        Long.toString(time),
        Long.toString(usedTokens),
        Long.toString(windowMs),
        counts ? "1" : "0");
  }
}
