/** Requests over gRPC. */
@NullMarked
package dev.cofferdam.load.drive.grpc;

import org.jspecify.annotations.NullMarked;
