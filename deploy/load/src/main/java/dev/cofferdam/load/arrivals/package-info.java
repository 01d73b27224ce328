/** When requests come: seeded random processes, and times that were recorded. */
@NullMarked
package dev.cofferdam.load.arrivals;

import org.jspecify.annotations.NullMarked;
