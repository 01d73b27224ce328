/** Benchmarks over the running mesh. */
@NullMarked
package dev.cofferdam.verification.bench;

import org.jspecify.annotations.NullMarked;
