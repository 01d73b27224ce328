/** Placement on gRPC: from the gateway's call to the pool's scheduler and back. */
@NullMarked
package dev.cofferdam.router.placement.grpc;

import org.jspecify.annotations.NullMarked;
