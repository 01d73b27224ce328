/** Which scheduler a pool has: leases with a fencing term. */
@NullMarked
package dev.cofferdam.scheduler.leadership;

import org.jspecify.annotations.NullMarked;
