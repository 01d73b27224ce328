/** Costs on gRPC. */
@NullMarked
package dev.cofferdam.metering.cost.grpc;

import org.jspecify.annotations.NullMarked;
