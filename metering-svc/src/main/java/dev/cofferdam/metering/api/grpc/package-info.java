/** The query service on gRPC. */
@NullMarked
package dev.cofferdam.metering.api.grpc;

import org.jspecify.annotations.NullMarked;
