/** Wires the gateway: settings, life, health, metrics. */
@NullMarked
package dev.cofferdam.gateway.app;

import org.jspecify.annotations.NullMarked;
