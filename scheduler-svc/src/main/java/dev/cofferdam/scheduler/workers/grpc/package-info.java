/** The scheduling service on gRPC, and the thread that drives each pool. */
@NullMarked
package dev.cofferdam.scheduler.workers.grpc;

import org.jspecify.annotations.NullMarked;
