/** Invoices and what they are made of, in PostgreSQL. */
@NullMarked
package dev.cofferdam.metering.invoice.postgres;

import org.jspecify.annotations.NullMarked;
