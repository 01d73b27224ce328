/** Adapters on the worker's own disk, encrypted. */
@NullMarked
package dev.cofferdam.worker.adapter.registry.disk;

import org.jspecify.annotations.NullMarked;
