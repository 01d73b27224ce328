/** What the mesh's processes tell of themselves. */
@NullMarked
package dev.cofferdam.load.metrics;

import org.jspecify.annotations.NullMarked;
