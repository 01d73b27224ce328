/**
 * Charges as the FinOps Open Cost and Usage Specification (FOCUS), version 1.2, wants them, and
 * what it demands.
 */
@NullMarked
package dev.cofferdam.metering.focus;

import org.jspecify.annotations.NullMarked;
