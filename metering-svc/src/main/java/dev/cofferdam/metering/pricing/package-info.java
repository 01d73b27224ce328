/** What use costs: rate cards whose prices have dates and steps, and money in decimal. */
@NullMarked
package dev.cofferdam.metering.pricing;

import org.jspecify.annotations.NullMarked;
