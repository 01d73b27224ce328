/** Spans from a store that speaks Zipkin's API. */
@NullMarked
package dev.cofferdam.gateway.console.zipkin;

import org.jspecify.annotations.NullMarked;
