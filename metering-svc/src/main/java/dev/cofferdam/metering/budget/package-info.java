/** Tenants' budgets beside what the ledger says that they spent. */
@NullMarked
package dev.cofferdam.metering.budget;

import org.jspecify.annotations.NullMarked;
