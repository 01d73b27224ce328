/** Invoices on gRPC. */
@NullMarked
package dev.cofferdam.metering.invoice.grpc;

import org.jspecify.annotations.NullMarked;
