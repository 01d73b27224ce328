/** Leases in Redis. */
@NullMarked
package dev.cofferdam.scheduler.leadership.redis;

import org.jspecify.annotations.NullMarked;
