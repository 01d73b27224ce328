/** The record of what was used: events that are never edited, and sums by hour and day. */
@NullMarked
package dev.cofferdam.metering.ledger;

import org.jspecify.annotations.NullMarked;
