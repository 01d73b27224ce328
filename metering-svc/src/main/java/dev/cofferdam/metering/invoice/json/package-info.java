/** Invoices as JSON documents. */
@NullMarked
package dev.cofferdam.metering.invoice.json;

import org.jspecify.annotations.NullMarked;
