/** One pool: the state machine that queues, grants, charges and recovers. */
@NullMarked
package dev.cofferdam.scheduler.shard;

import org.jspecify.annotations.NullMarked;
