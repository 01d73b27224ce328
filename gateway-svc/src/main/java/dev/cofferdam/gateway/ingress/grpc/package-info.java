/** The public gRPC API. */
@NullMarked
package dev.cofferdam.gateway.ingress.grpc;

import org.jspecify.annotations.NullMarked;
