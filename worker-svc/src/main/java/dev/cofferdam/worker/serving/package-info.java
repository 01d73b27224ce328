/** Granted requests from their acceptance to their metering record: each ends exactly once. */
@NullMarked
package dev.cofferdam.worker.serving;

import org.jspecify.annotations.NullMarked;
