/** FOCUS exports on gRPC. */
@NullMarked
package dev.cofferdam.metering.focus.grpc;

import org.jspecify.annotations.NullMarked;
