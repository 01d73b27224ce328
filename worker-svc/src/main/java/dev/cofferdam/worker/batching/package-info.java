/**
 * Continuous batching: which rows of which sequences run in the next step (plan), what the step's
 * outcome means for them (settle), and what each of them used. One reader can hold the rhythm in
 * mind: plan, execute, settle, scrub, report.
 */
@NullMarked
package dev.cofferdam.worker.batching;

import org.jspecify.annotations.NullMarked;
