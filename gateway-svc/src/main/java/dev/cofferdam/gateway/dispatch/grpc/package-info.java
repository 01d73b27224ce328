/** Routers and workers over gRPC. */
@NullMarked
package dev.cofferdam.gateway.dispatch.grpc;

import org.jspecify.annotations.NullMarked;
