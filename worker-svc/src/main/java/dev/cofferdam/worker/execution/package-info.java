/** The port to the hardware: a flat step plan in, sampled tokens out. */
@NullMarked
package dev.cofferdam.worker.execution;

import org.jspecify.annotations.NullMarked;
