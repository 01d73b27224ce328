/**
 * What all services' metrics have in common: a bound on the tenants that they tell apart, and their
 * way to an OpenTelemetry collector. The pages for Prometheus are Quarkus' own.
 */
@NullMarked
package dev.cofferdam.mesh.metrics;

import org.jspecify.annotations.NullMarked;
