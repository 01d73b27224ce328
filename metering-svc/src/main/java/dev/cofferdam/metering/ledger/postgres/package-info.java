/** The ledger in PostgreSQL: events, sums and offsets in one transaction. */
@NullMarked
package dev.cofferdam.metering.ledger.postgres;

import org.jspecify.annotations.NullMarked;
