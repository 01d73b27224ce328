/** The metering record of an attempt: exactly one for each that was accepted, however it ended. */
@NullMarked
package dev.cofferdam.worker.usage;

import org.jspecify.annotations.NullMarked;
