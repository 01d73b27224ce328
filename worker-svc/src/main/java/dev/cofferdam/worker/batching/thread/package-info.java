/** The step thread: drives the batch from a bounded mailbox and sleeps when there is no work. */
@NullMarked
package dev.cofferdam.worker.batching.thread;

import org.jspecify.annotations.NullMarked;
