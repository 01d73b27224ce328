/** What one attempt of a request used, and what a fact must hold to be counted. */
@NullMarked
package dev.cofferdam.metering.usage;

import org.jspecify.annotations.NullMarked;
