/** Wiring: configuration, life cycle, health, metrics; and the ledger's benchmark. */
@NullMarked
package dev.cofferdam.metering.app;

import org.jspecify.annotations.NullMarked;
