/** Spending, read from the ledger's sums, and the marks that were passed. */
@NullMarked
package dev.cofferdam.metering.budget.postgres;

import org.jspecify.annotations.NullMarked;
