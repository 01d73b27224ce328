/** Copies of answered requests for another model, which nobody gets: how a new model would do. */
@NullMarked
package dev.cofferdam.gateway.shadow;

import org.jspecify.annotations.NullMarked;
