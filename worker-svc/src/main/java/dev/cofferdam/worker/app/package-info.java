/**
 * Wires the worker: configuration, start and stop, health, metrics, and the bench of the engine.
 */
@NullMarked
package dev.cofferdam.worker.app;

import org.jspecify.annotations.NullMarked;
