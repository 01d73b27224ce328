/**
 * Leases: what the scheduler lets this worker run, how a grant is checked offline, and what is told
 * back about it.
 */
@NullMarked
package dev.cofferdam.worker.lease;

import org.jspecify.annotations.NullMarked;
