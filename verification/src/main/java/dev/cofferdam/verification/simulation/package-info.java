/**
 * The router's planner and the scheduler's core as they are, among simulated clients, gateways,
 * workers, clocks and a network, all in virtual time and from one seed.
 */
@NullMarked
package dev.cofferdam.verification.simulation;

import org.jspecify.annotations.NullMarked;
