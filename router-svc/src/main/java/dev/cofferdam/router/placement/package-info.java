/** The life of one placement. */
@NullMarked
package dev.cofferdam.router.placement;

import org.jspecify.annotations.NullMarked;
