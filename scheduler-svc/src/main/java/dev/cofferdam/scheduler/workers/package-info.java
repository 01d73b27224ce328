/** Sessions of workers: keys, and the port for usage of attempts whose worker died. */
@NullMarked
package dev.cofferdam.scheduler.workers;

import org.jspecify.annotations.NullMarked;
