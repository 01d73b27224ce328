/** The workers as they announce themselves: who is alive, how loaded, since when. */
@NullMarked
package dev.cofferdam.router.fleet;

import org.jspecify.annotations.NullMarked;
