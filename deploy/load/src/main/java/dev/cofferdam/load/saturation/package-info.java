/** What the mesh's own metrics say is used up. */
@NullMarked
package dev.cofferdam.load.saturation;

import org.jspecify.annotations.NullMarked;
