/**
 * Wires the worker: configuration, start and stop, health, metrics, the bench of the engine, and
 * the program that prints logits.
 */
@NullMarked
package dev.cofferdam.worker.app;

import org.jspecify.annotations.NullMarked;
