/** From logits to a token: sampling that is exactly repeatable from a seed and a counter. */
@NullMarked
package dev.cofferdam.worker.generation;

import org.jspecify.annotations.NullMarked;
