/** How much a mesh can take before it breaks its objective, and how many workers a rate needs. */
@NullMarked
package dev.cofferdam.load.capacity;

import org.jspecify.annotations.NullMarked;
