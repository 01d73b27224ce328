/** Invoices as pages. */
@NullMarked
package dev.cofferdam.metering.invoice.pdfbox;

import org.jspecify.annotations.NullMarked;
