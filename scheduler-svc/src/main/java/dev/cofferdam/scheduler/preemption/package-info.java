/** Who gives way to a request that waits though it is next: preemption. */
@NullMarked
package dev.cofferdam.scheduler.preemption;

import org.jspecify.annotations.NullMarked;
