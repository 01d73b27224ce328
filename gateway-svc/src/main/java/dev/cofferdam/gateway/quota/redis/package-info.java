/** The limiter on Redis: one script call decides, one settles, one keeps leases alive. */
@NullMarked
package dev.cofferdam.gateway.quota.redis;

import org.jspecify.annotations.NullMarked;
