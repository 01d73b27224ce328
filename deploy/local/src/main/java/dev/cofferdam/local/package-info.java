/** A whole mesh on one machine, for the command line and for end-to-end tests. */
@NullMarked
package dev.cofferdam.local;

import org.jspecify.annotations.NullMarked;
