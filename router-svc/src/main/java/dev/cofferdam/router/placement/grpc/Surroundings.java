package dev.cofferdam.router.placement.grpc;

import dev.cofferdam.router.fleet.Fleet;
import dev.cofferdam.router.placement.Explanations;
import dev.cofferdam.router.placement.PlacementListener;
import dev.cofferdam.router.routing.RoutePlanner;
import java.time.Clock;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What every placement needs.
 *
 * @param planner plans routes
 * @param fleet live workers
 * @param schedulers channels to the pools' schedulers
 * @param timer for retries
 * @param clock wall time
 * @param noWorkerMsMax how long a request waits for a worker to appear
 * @param listener told of outcomes
 * @param explanations why recent requests were placed where they were
 */
public record Surroundings(
    RoutePlanner planner,
    Fleet fleet,
    Schedulers schedulers,
    ScheduledExecutorService timer,
    Clock clock,
    long noWorkerMsMax,
    PlacementListener listener,
    Explanations explanations) {}
