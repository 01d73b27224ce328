/** Who is next: virtual time, fair queues, floors of classes, forecasts of output. */
@NullMarked
package dev.cofferdam.scheduler.fairness;

import org.jspecify.annotations.NullMarked;
