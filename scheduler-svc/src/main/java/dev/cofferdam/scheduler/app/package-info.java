/** Wiring: configuration, life cycle, health, metrics; and the scheduler's benchmark. */
@NullMarked
package dev.cofferdam.scheduler.app;

import org.jspecify.annotations.NullMarked;
