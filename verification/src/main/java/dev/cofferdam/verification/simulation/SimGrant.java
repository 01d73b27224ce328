package dev.cofferdam.verification.simulation;

import dev.cofferdam.scheduler.admission.PoolRequest;

/**
 * A grant as it travels.
 *
 * @param session the worker's session under whose key it is sealed
 * @param expiresMs when it ends, by the scheduler's clock
 */
record SimGrant(PoolRequest request, String workerId, long session, long expiresMs) {}
