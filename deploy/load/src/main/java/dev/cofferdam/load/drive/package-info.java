/** Sends what was planned when it was planned, whatever the mesh does. */
@NullMarked
package dev.cofferdam.load.drive;

import org.jspecify.annotations.NullMarked;
