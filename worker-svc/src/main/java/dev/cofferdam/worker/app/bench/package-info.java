/** The bench of the engine: sections whose rounds are interleaved, each with its own baseline. */
@NullMarked
package dev.cofferdam.worker.app.bench;

import org.jspecify.annotations.NullMarked;
