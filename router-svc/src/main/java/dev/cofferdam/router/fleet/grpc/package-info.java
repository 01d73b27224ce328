/** Announcements of workers on gRPC. */
@NullMarked
package dev.cofferdam.router.fleet.grpc;

import org.jspecify.annotations.NullMarked;
