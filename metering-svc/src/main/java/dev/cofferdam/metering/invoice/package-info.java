/** Invoices: made from the ledger, issued once, never changed, each line leading to its events. */
@NullMarked
package dev.cofferdam.metering.invoice;

import org.jspecify.annotations.NullMarked;
