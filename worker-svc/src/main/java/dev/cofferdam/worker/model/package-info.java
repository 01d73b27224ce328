/** Model folders: their configuration, weights and identity, read as hostile input. */
@NullMarked
package dev.cofferdam.worker.model;

import org.jspecify.annotations.NullMarked;
