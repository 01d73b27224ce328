/**
 * Which models are in memory: a worker may serve more of them than its memory holds at once. Those
 * that are asked for come in, the least recently used one goes.
 */
@NullMarked
package dev.cofferdam.worker.residency;

import org.jspecify.annotations.NullMarked;
