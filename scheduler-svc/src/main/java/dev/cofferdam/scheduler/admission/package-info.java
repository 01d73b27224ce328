/** What is asked for, and the bounded queues in which it waits. */
@NullMarked
package dev.cofferdam.scheduler.admission;

import org.jspecify.annotations.NullMarked;
