/** What the services' benchmarks share. */
@NullMarked
package dev.cofferdam.mesh.bench;

import org.jspecify.annotations.NullMarked;
