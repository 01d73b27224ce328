/** Who sees which usage. */
@NullMarked
package dev.cofferdam.metering.api;

import org.jspecify.annotations.NullMarked;
