/**
 * The step thread, which drives the models from a bounded mailbox and sleeps when there is no work,
 * and the thread beside it that loads models.
 */
@NullMarked
package dev.cofferdam.worker.residency.thread;

import org.jspecify.annotations.NullMarked;
