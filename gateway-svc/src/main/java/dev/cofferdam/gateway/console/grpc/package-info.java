/** What the console shows of other services, asked over gRPC in the reader's name. */
@NullMarked
package dev.cofferdam.gateway.console.grpc;

import org.jspecify.annotations.NullMarked;
