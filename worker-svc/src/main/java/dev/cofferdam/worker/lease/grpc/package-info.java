/**
 * The worker's standing calls: its session with the scheduler, and what it announces to routers.
 */
@NullMarked
package dev.cofferdam.worker.lease.grpc;

import org.jspecify.annotations.NullMarked;
