/**
 * The record of what was used: events that are never edited, sums by hour, day and month, and the
 * closing of hours.
 */
@NullMarked
package dev.cofferdam.metering.ledger;

import org.jspecify.annotations.NullMarked;
