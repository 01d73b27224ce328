/** Invoices as pages. */
@NullMarked
package dev.cofferdam.metering.invoice.pdf;

import org.jspecify.annotations.NullMarked;
