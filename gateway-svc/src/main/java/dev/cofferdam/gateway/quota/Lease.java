package dev.cofferdam.gateway.quota;

/**
 * What was reserved for a request; to be settled exactly once by whom it was granted to.
 *
 * @param reservation what was reserved
 * @param token the limiter's own handle
 */
public record Lease(Reservation reservation, String token) {}
