/** Runs against a mesh: one, or as many as a capacity estimate takes. */
@NullMarked
package dev.cofferdam.load.run;

import org.jspecify.annotations.NullMarked;
