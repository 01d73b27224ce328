/** Wires the router: configuration, servers, health, metrics. */
@NullMarked
package dev.cofferdam.router.app;

import org.jspecify.annotations.NullMarked;
