/**
 * Audit facts of what must never happen: grants that are not honoured, borders that were run into.
 */
@NullMarked
package dev.cofferdam.worker.serving.kafka;

import org.jspecify.annotations.NullMarked;
